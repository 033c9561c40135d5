package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// setting is what a manifest says of how a run was set up, each as one text.
type setting struct {
	Costs   json.RawMessage `json:"costs"`
	Account json.RawMessage `json:"account"`
	Fills   json.RawMessage `json:"fills"`
	Limits  string          `json:"limits"`
	Data    []struct {
		Path   string `json:"path"`
		Sha256 string `json:"sha256"`
	} `json:"data"`
	Agents []map[string]json.RawMessage `json:"agents"`
}

// settingRows are how the runs were set up, those that differ and those that
// do not; what no run says is left out.
func settingRows(runs []*Run) []Row {
	var names []string
	texts := map[string][]string{}
	for i, r := range runs {
		for _, s := range r.settings() {
			if texts[s[0]] == nil {
				names = append(names, s[0])
				texts[s[0]] = make([]string, len(runs))
			}
			if s[1] != "" { // one agent's own rhythm is the run's
				texts[s[0]][i] = s[1]
			}
		}
	}
	rows := []Row{}
	for _, name := range names {
		row := Row{Name: name, Kind: Text}
		said := false
		for _, t := range texts[name] {
			said = said || t != ""
			row.Differ = row.Differ || t != texts[name][0]
			row.Values = append(row.Values, Value{Text: t})
		}
		if said {
			rows = append(rows, row)
		}
	}
	return rows
}

// settings are a run's, by name: agents' with the agent's name where a run has
// several, so that two runs of one agent each compare whatever they call it. The
// days are those that the run came to.
func (r *Run) settings() [][2]string {
	m, h := r.Manifest, r.header()
	list := [][2]string{
		{"strategy", m.Strategy}, {"pitwall", m.Pitwall}, {"symbols", strings.Join(m.Symbols, ", ")}, {"benchmark", m.Benchmark},
		{"from", h.From}, {"to", h.To}, {"every", m.Every}, {"cash", m.Cash.String()}, {"model", m.Model},
	}
	var s setting
	if r.folder == nil || r.folder.JSON("manifest.json", &s) != nil {
		return list // a world in memory
	}
	list = append(list, [2]string{"costs", compact(s.Costs)}, [2]string{"account", compact(s.Account)}, [2]string{"fill rules", compact(s.Fills)}, [2]string{"limits", s.Limits})
	var files []string
	for _, d := range s.Data {
		files = append(files, fmt.Sprintf("%s %.8s", d.Path[strings.LastIndexAny(d.Path, `/\`)+1:], d.Sha256))
	}
	slices.Sort(files)
	list = append(list, [2]string{"data", strings.Join(files, ", ")})
	for _, a := range s.Agents {
		of := ""
		if len(s.Agents) > 1 {
			of = " of " + words(a["name"])
		}
		for _, key := range []string{"prompt", "params", "every", "triggers", "tools", "budget", "cutoff", "fingerprint"} {
			list = append(list, [2]string{key + of, words(a[key])})
		}
		if of != "" {
			list = append(list, [2]string{"model" + of, words(a["model"])})
		}
	}
	return list
}

// words is a JSON value as text: of a string what it says.
func words(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return compact(raw)
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return PlainJSON(b.Bytes())
}
