package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitwall/cache/runs"
)

// settingRows returns the settings of the runs, whether they differ or not, without
// those that no run has.
func settingRows(list []*Run) []Row {
	var names []string
	texts := map[string][]string{}
	for i, r := range list {
		for _, s := range r.settings() {
			if texts[s[0]] == nil {
				names = append(names, s[0])
				texts[s[0]] = make([]string, len(list))
			}
			if s[1] != "" { // a single agent's interval is the run's
				texts[s[0]][i] = s[1]
			}
		}
	}
	rows := []Row{}
	for _, name := range names {
		if slices.Max(texts[name]) != "" {
			rows = append(rows, textRow(name, texts[name]))
		}
	}
	return rows
}

func textRow(name string, texts []string) Row {
	row := Row{Name: name, Kind: Text, Differ: slices.Min(texts) != slices.Max(texts)}
	for _, t := range texts {
		row.Values = append(row.Values, Value{Text: t})
	}
	return row
}

// settings returns a run's settings by name. Where a run has several agents, theirs
// have the agent's name, so that runs of one agent compare whatever its name. The dates
// are those that the run reached.
func (r *Run) settings() [][2]string {
	m, h := r.Manifest, r.header()
	list := [][2]string{
		{"strategy", m.Strategy}, {"pitwall", m.Pitwall}, {"symbols", strings.Join(m.Symbols, ", ")}, {"benchmark", m.Benchmark},
		{"from", h.From}, {"to", h.To}, {"every", m.Every}, {"cash", m.Cash.String()}, {"model", m.Model},
	}
	if r.folder == nil {
		return list // a world in memory
	}
	if f := m.Fork; f != nil {
		list = append(list, [2]string{"fork", f.String()})
	}
	list = append(list, [2]string{"costs", JSON(m.Costs)}, [2]string{"account", JSON(m.Account)}, [2]string{"fill rules", JSON(m.Fills)}, [2]string{"limits", m.Limits})
	var files []string
	for _, d := range m.Data {
		files = append(files, fmt.Sprintf("%s %.8s", d.Path[strings.LastIndexAny(d.Path, `/\`)+1:], d.SHA256))
	}
	slices.Sort(files)
	list = append(list, [2]string{"data", strings.Join(files, ", ")}, [2]string{"params", paramsText(m.Params)})
	for _, a := range m.Agents {
		of := ""
		if len(m.Agents) > 1 {
			of = " of " + a.Name
		}
		rule, band, rest := ruleOf(a)
		list = append(list, [2]string{"prompt" + of, a.Prompt}, [2]string{"rule" + of, rule}, [2]string{"band" + of, band}, [2]string{"params" + of, paramsText(rest)}, [2]string{"every" + of, a.Every}, [2]string{"triggers" + of, JSON(a.Triggers)}, [2]string{"tools" + of, JSON(a.Tools)},
			[2]string{"budget" + of, JSON(a.Budget)}, [2]string{"cutoff" + of, a.Cutoff}, [2]string{"fingerprint" + of, a.Fingerprint})
		if of != "" {
			list = append(list, [2]string{"model" + of, a.Model})
		}
	}
	return list
}

// paramsText writes params; none is empty.
func paramsText(params map[string]any) string {
	if len(params) == 0 {
		return ""
	}
	return JSON(params)
}

// ruleOf returns the columns of an agent's rule and its band, and the params that are
// neither.
func ruleOf(a runs.Agent) (rule, band string, rest map[string]any) {
	list, ok := a.Params["rule"].([]any)
	if !ok {
		return "", "", a.Params
	}
	columns := make([]string, len(list))
	for i, c := range list {
		columns[i] = fmt.Sprint(c)
	}
	rest = maps.Clone(a.Params)
	delete(rest, "rule")
	delete(rest, "band")
	return strings.Join(columns, "; "), JSON(a.Params["band"]), rest
}

// rule returns the rule of an agent, empty for one without.
func (r *Run) rule(agent string) string {
	for _, a := range r.Manifest.Agents {
		if a.Name == agent || len(r.Manifest.Agents) == 1 {
			rule, _, _ := ruleOf(a)
			return rule
		}
	}
	return ""
}
