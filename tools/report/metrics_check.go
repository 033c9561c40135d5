package report

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"

	"pitwall"
	"pitwall/cache/runs"
)

// CheckMetrics computes metrics.json again from the run's other files and the cash
// that it began with. It returns the first figure that differs, "" if none does.
func CheckMetrics(run fs.FS, cash pitwall.Dec) (string, error) {
	written, err := runs.Strict{FS: run}.Metrics()
	if err != nil {
		return "", fmt.Errorf("reading the run: %w", err)
	}
	computed, err := Read(run, cash)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(computed)
	if err != nil {
		return "", err
	}
	var again runs.Metrics // through JSON, as the other one
	if err := json.Unmarshal(text, &again); err != nil {
		return "", err
	}
	a, b := reflect.ValueOf(written), reflect.ValueOf(again)
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			x, _ := json.Marshal(a.Field(i).Interface())
			y, _ := json.Marshal(b.Field(i).Interface())
			return fmt.Sprintf("metrics.json: %s is %s; the run's files give %s", a.Type().Field(i).Tag.Get("json"), x, y), nil
		}
	}
	return "", nil
}
