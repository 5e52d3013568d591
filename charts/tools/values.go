package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"reflect"
	"sort"

	"sigs.k8s.io/yaml"
)

// What is looked at of a schema.
type schema struct {
	Description          string            `json:"description"`
	Properties           map[string]schema `json:"properties"`
	AdditionalProperties any               `json:"additionalProperties"`
}

// Helm gives it to every chart, and no chart has to name it.
const global = "/global"

// Compares a schema of values with the defaults and with a file in which every value is another one.
func values(schemaFile, defaultsFile, everythingFile string) error {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return err
	}
	var root schema
	if err := json.Unmarshal(text, &root); err != nil {
		return fmt.Errorf("%s: %w", schemaFile, err)
	}
	defaults, err := readValues(defaultsFile)
	if err != nil {
		return err
	}
	everything, err := readValues(everythingFile)
	if err != nil {
		return err
	}
	var wrong []error
	count := 0
	root.walk("", func(name string, of schema) {
		if of.Description == "" {
			wrong = append(wrong, fmt.Errorf("%s has no description", name))
		}
		if of.Properties != nil && of.AdditionalProperties != false {
			wrong = append(wrong, fmt.Errorf("%s takes unknown keys", name))
		}
		// A part of a pod that is empty by default: its keys are not the chart's.
		if parent, isMap := defaults[path.Dir(name)].(map[string]any); isMap && len(parent) == 0 {
			return
		}
		before, isDefault := defaults[name]
		after, isSet := everything[name]
		if name == global || of.Properties != nil {
			return
		}
		count++
		if !isDefault {
			wrong = append(wrong, fmt.Errorf("%s has no default in %s", name, defaultsFile))
		}
		if !isSet {
			wrong = append(wrong, fmt.Errorf("%s is not set in %s", name, everythingFile))
		} else if isDefault && reflect.DeepEqual(before, after) && !takesPartsAway[name] {
			wrong = append(wrong, fmt.Errorf("%s is the default in %s", name, everythingFile))
		}
	})
	fmt.Printf("%d values\n", count)
	return errors.Join(wrong...)
}

// What would leave out objects that the file with everything is there to show, or is refused for now.
var takesPartsAway = map[string]bool{
	"/crds/enabled": true, "/rbac/create": true, "/rbac/aggregate": true, "/serviceAccount/create": true,
	"/watch/mode": true, "/watch/namespaces": true, "/clusterServers/enabled": true,
}

// Every property, but for those of items of lists, in the order of their names.
func (of schema) walk(path string, visit func(string, schema)) {
	names := make([]string, 0, len(of.Properties))
	for name := range of.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		visit(path+"/"+name, of.Properties[name])
		of.Properties[name].walk(path+"/"+name, visit)
	}
}

// The values of a file by path, on every level.
func readValues(file string) (map[string]any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := yaml.UnmarshalStrict(text, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	found := map[string]any{}
	flatten("", content, found)
	return found, nil
}

func flatten(path string, content map[string]any, found map[string]any) {
	for key, value := range content {
		found[path+"/"+key] = value
		if inner, isMap := value.(map[string]any); isMap {
			flatten(path+"/"+key, inner, found)
		}
	}
}
