// Command chart-check looks at what the chart brings for other programs: the health script of Argo CD and the rules of
// kstatus, the metrics that alerts and dashboards name, the objects of the Prometheus operator, and its values.
package main

import (
	"errors"
	"fmt"
	"os"
)

const usage = `usage:
  chart-check health SCRIPT CASES            what Argo CD and kstatus say of each object
  chart-check metrics METRICS.rs FILE...     alerts (YAML) and dashboards (JSON) name what the operator has
  chart-check monitoring <MANIFESTS          ServiceMonitor and PrometheusRule have no field that is unknown
  chart-check values SCHEMA DEFAULTS ALL     every value is described, has a default, and is another one in ALL
  chart-check rules <MANIFESTS               prints the groups of the PrometheusRule as a file of rules`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 3 && arguments[0] == "health":
		return health(arguments[1], arguments[2])
	case len(arguments) >= 3 && arguments[0] == "metrics":
		return metrics(arguments[1], arguments[2:])
	case len(arguments) == 4 && arguments[0] == "values":
		return values(arguments[1], arguments[2], arguments[3])
	case len(arguments) == 1 && arguments[0] == "monitoring":
		return monitoring(os.Stdin)
	case len(arguments) == 1 && arguments[0] == "rules":
		return rules(os.Stdin, os.Stdout)
	}
	return errors.New(usage)
}
