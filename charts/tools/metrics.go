package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

const prefix = "oauthclient_"

// Labels that Prometheus itself puts on a series, from the target.
var targetLabels = map[string]bool{"namespace": true, "job": true, "pod": true, "instance": true, "le": true}

var (
	registered = regexp.MustCompile(`registry\.register\(\s*"([a-z_]+)",\s*"[^"]*",\s*m\.([a-z_]+)\.clone\(\)`)
	field      = regexp.MustCompile(`(?m)^    ([a-z_]+): (?:Family<([A-Za-z]+), )?(Counter|Gauge|Histogram)\b`)
	labelSet   = regexp.MustCompile(`(?s)struct ([A-Za-z]+) \{\n(.*?)\n\}`)
	labelName  = regexp.MustCompile(`(?m)^    ([a-z_]+): `)
	// What a dashboard puts in place of a variable before Prometheus sees the expression.
	variable = regexp.MustCompile(`\$__rate_interval|\$__range|\$__interval`)
)

// The series that the operator has, each with its labels, as its source has them.
func series(source string) (map[string]map[string]bool, error) {
	labelSets := map[string]map[string]bool{"": {}}
	for _, found := range labelSet.FindAllStringSubmatch(source, -1) {
		names := map[string]bool{}
		for _, name := range labelName.FindAllStringSubmatch(found[2], -1) {
			names[name[1]] = true
		}
		labelSets[found[1]] = names
	}
	type metric struct{ labels, kind string }
	fields := map[string]metric{}
	for _, found := range field.FindAllStringSubmatch(source, -1) {
		fields[found[1]] = metric{labels: found[2], kind: found[3]}
	}
	all := map[string]map[string]bool{}
	for _, found := range registered.FindAllStringSubmatch(source, -1) {
		name, of := prefix+found[1], fields[found[2]]
		names, known := labelSets[of.labels]
		if !known {
			return nil, fmt.Errorf("the labels of %s are not found", name)
		}
		switch of.kind {
		case "Counter":
			all[name+"_total"] = names
		case "Gauge":
			all[name] = names
		case "Histogram":
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				all[name+part] = names
			}
		default:
			return nil, fmt.Errorf("the type of %s is not found", name)
		}
	}
	if count := strings.Count(source, "registry.register("); len(all) < count {
		return nil, fmt.Errorf("%d metrics are registered, %d series are understood", count, len(all))
	}
	return all, nil
}

func metrics(sourceFile string, files []string) error {
	source, err := os.ReadFile(sourceFile)
	if err != nil {
		return err
	}
	known, err := series(string(source))
	if err != nil {
		return fmt.Errorf("%s: %w", sourceFile, err)
	}
	var wrong []error
	used := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		expressions, err := expressionsOf(file, text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, expression := range expressions {
			if err := checkExpression(expression, known, used); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %s: %w", filepath.Base(file), expression, err))
			}
		}
		fmt.Printf("%s: %d expressions\n", filepath.Base(file), len(expressions))
	}
	var unused []string
	for name := range known {
		if !used[name] && !strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") {
			unused = append(unused, name)
		}
	}
	sort.Strings(unused)
	if len(unused) > 0 {
		wrong = append(wrong, fmt.Errorf("neither an alert nor a panel shows: %s", strings.Join(unused, " ")))
	}
	return errors.Join(wrong...)
}

func checkExpression(expression string, known map[string]map[string]bool, used map[string]bool) error {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(variable.ReplaceAllString(expression, "5m"))
	if err != nil {
		return err
	}
	var wrong []error
	count := 0
	for _, matchers := range parser.ExtractSelectors(parsed) {
		name, others := "", []string{}
		for _, matcher := range matchers {
			if matcher.Name == labels.MetricName {
				name = matcher.Value
			} else {
				others = append(others, matcher.Name)
			}
		}
		names, exists := known[name]
		if !exists {
			wrong = append(wrong, fmt.Errorf("the operator has no metric %q", name))
			continue
		}
		count++
		used[name] = true
		for _, other := range others {
			if !names[other] && !targetLabels[other] {
				wrong = append(wrong, fmt.Errorf("%s has no label %q", name, other))
			}
		}
	}
	if count == 0 && len(wrong) == 0 {
		wrong = append(wrong, errors.New("it names no metric"))
	}
	return errors.Join(wrong...)
}

func expressionsOf(file string, text []byte) ([]string, error) {
	var found []string
	var content any
	if strings.HasSuffix(file, ".json") {
		if err := json.Unmarshal(text, &content); err != nil {
			return nil, err
		}
	} else if err := yaml.Unmarshal(text, &content); err != nil {
		return nil, err
	}
	collect(content, &found)
	if len(found) == 0 {
		return nil, errors.New("no expression is in it")
	}
	return found, nil
}

// Every value under a key "expr", and of variables, which ask for the values of a label, the metric.
func collect(content any, found *[]string) {
	switch content := content.(type) {
	case []any:
		for _, item := range content {
			collect(item, found)
		}
	case map[string]any:
		for key, item := range content {
			text, isText := item.(string)
			switch {
			case key == "expr" && isText:
				*found = append(*found, text)
			case key == "definition" && isText:
				inner := strings.TrimSuffix(strings.TrimPrefix(text, "label_values("), ")")
				if comma := strings.LastIndex(inner, ","); comma > 0 {
					*found = append(*found, inner[:comma])
				}
			default:
				collect(item, found)
			}
		}
	}
}
