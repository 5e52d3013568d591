package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

// One object, and what is expected of it.
type healthCase struct {
	Name    string         `json:"name"`
	ArgoCD  string         `json:"argocd"`
	Message string         `json:"message"`
	Kstatus string         `json:"kstatus"`
	Object  map[string]any `json:"object"`
}

// The words that Argo CD takes from a script; anything else it shows as Unknown.
var healthWords = map[string]bool{
	"Healthy": true, "Progressing": true, "Degraded": true, "Suspended": true, "Missing": true, "Unknown": true,
}

func health(scriptFile, casesFile string) error {
	script, err := os.ReadFile(scriptFile)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(casesFile)
	if err != nil {
		return err
	}
	var cases []healthCase
	if err := yaml.UnmarshalStrict(text, &cases); err != nil {
		return fmt.Errorf("%s: %w", casesFile, err)
	}
	var wrong []error
	for _, expected := range cases {
		if err := expected.check(string(script)); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", expected.Name, err))
		}
	}
	if len(cases) == 0 {
		wrong = append(wrong, errors.New("there is no case"))
	}
	fmt.Printf("%d objects, %d of them wrong\n", len(cases), len(wrong))
	return errors.Join(wrong...)
}

func (expected healthCase) check(script string) error {
	object := &unstructured.Unstructured{}
	// As it comes from an API server: whole numbers are int64.
	text, err := yaml.Marshal(expected.Object)
	if err != nil {
		return err
	}
	json, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	if err := object.UnmarshalJSON(json); err != nil {
		return err
	}
	word, message, err := argoHealth(object, script)
	if err != nil {
		return fmt.Errorf("the script fails: %w", err)
	}
	if word != expected.ArgoCD || message != expected.Message {
		return fmt.Errorf("Argo CD: expected %s %q, found %s %q", expected.ArgoCD, expected.Message, word, message)
	}
	computed, err := status.Compute(object)
	if err != nil {
		return fmt.Errorf("kstatus: %w", err)
	}
	if computed.Status.String() != expected.Kstatus {
		return fmt.Errorf("kstatus: expected %s, found %s (%s)", expected.Kstatus, computed.Status, computed.Message)
	}
	return nil
}

// Runs a health script with what Argo CD gives it: the object as the global obj, the base and the table library, one
// second. The string library is not there unless an admin switches it on.
func argoHealth(object *unstructured.Unstructured, script string) (string, string, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		library := lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}
		if err := state.CallByParam(library, lua.LString(name)); err != nil {
			return "", "", err
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	answer, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		return "", "", fmt.Errorf("it returns a %s, not a table", state.Get(-1).Type())
	}
	word, isText := answer.RawGetString("status").(lua.LString)
	if !isText || !healthWords[string(word)] {
		return "", "", fmt.Errorf("its status is %v", answer.RawGetString("status"))
	}
	message, isText := answer.RawGetString("message").(lua.LString)
	if !isText {
		return "", "", fmt.Errorf("its message is %v", answer.RawGetString("message"))
	}
	return string(word), string(message), nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		list := state.NewTable()
		for _, item := range value {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range value {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}
