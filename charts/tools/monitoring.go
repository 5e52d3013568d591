package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Calls visit with the kind and the text of each object of the Prometheus operator.
func each(manifests io.Reader, visit func(kind string, text []byte) error) error {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal(text, &head); err != nil {
			return err
		}
		if head.APIVersion != monitoringv1.SchemeGroupVersion.String() {
			continue
		}
		if err := visit(head.Kind, text); err != nil {
			return fmt.Errorf("%s: %w", head.Kind, err)
		}
	}
}

func monitoring(manifests io.Reader) error {
	count := 0
	err := each(manifests, func(kind string, text []byte) error {
		count++
		switch kind {
		case monitoringv1.ServiceMonitorsKind:
			return yaml.UnmarshalStrict(text, &monitoringv1.ServiceMonitor{})
		case monitoringv1.PrometheusRuleKind:
			return yaml.UnmarshalStrict(text, &monitoringv1.PrometheusRule{})
		}
		return errors.New("it is not checked")
	})
	fmt.Printf("%d objects\n", count)
	return err
}

func rules(manifests io.Reader, out io.Writer) error {
	count := 0
	err := each(manifests, func(kind string, text []byte) error {
		if kind != monitoringv1.PrometheusRuleKind {
			return nil
		}
		count++
		var rule struct {
			Spec any `json:"spec"`
		}
		if err := yaml.Unmarshal(text, &rule); err != nil {
			return err
		}
		groups, err := yaml.Marshal(rule.Spec)
		if err != nil {
			return err
		}
		_, err = out.Write(groups)
		return err
	})
	if err == nil && count != 1 {
		err = fmt.Errorf("there are %d PrometheusRules", count)
	}
	return err
}
