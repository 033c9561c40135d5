package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/models"
	"pitwall/cache/history"
	"pitwall/cmd/pitwall/term"
)

// finding is one thing that doctor looked at. It never holds the value of a key.
type finding struct {
	Area   string `json:"area"`
	Name   string `json:"name"`
	State  string `json:"state"` // ok, missing or bad
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // what would mend it
}

// The states. Missing is what one may do without; bad is broken.
const (
	stateOK      = "ok"
	stateMissing = "missing"
	stateBad     = "bad"
)

// doctorFlags are doctor's settings.
type doctorFlags struct {
	json, network bool
}

// examination is a doctor at work.
type examination struct {
	app  *app
	cfg  settings
	list []finding
	// hosts are what --network connects to, in the order in which they were named.
	hosts []hostToReach
}

func (a *app) doctor() *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use:   "doctor [FILE]",
		Short: "Check models, keys, data, SQL and what a strategy needs",
		Long: "doctor looks at this machine and at the environment and .env: which models and data sources have their keys (set or not set,\n" +
			"never their values), where downloads and recorded answers are kept, whether SQL runs, the clock. With FILE it says whether that\n" +
			"strategy could run: its models, their keys and prices, its data and the days they cover, its external tools.\n" +
			"Nothing is asked over the network. --network connects to each usable host and hangs up, at most 3 s each: that shows that it\n" +
			"can be reached, not that the key is right. Exit code 1 when something is bad; what is only missing is no failure.",
		Example: "  pitwall doctor\n  pitwall doctor mine.yaml\n  pitwall doctor --network --json",
		Args:    takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			x := &examination{app: a}
			cfg, err := a.settings()
			if err != nil {
				x.add("settings", ".env", stateBad, err.Error(), "write lines of NAME=value, or remove the file")
				cfg, _ = settingsFrom(nil) // the environment alone
			}
			x.cfg = cfg
			if len(args) == 1 {
				x.strategy(c.Context(), args[0])
			}
			x.models()
			x.sources()
			x.brokers()
			x.storage(c.Context())
			x.machine(c.Context())
			x.settings()
			if f.network {
				x.network(c.Context())
			}
			return x.print(f.json)
		},
	}
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	c.Flags().BoolVar(&f.network, "network", false, "connect to the hosts of usable models and sources")
	return c
}

func (x *examination) add(area, name, state, detail, mend string) {
	f := finding{area, name, state, term.OneLine(detail), cleanLines(mend)}
	if !slices.Contains(x.list, f) { // agents may share a model
		x.list = append(x.list, f)
	}
}

// cleanLines cleans each line of a text: what mends may be several commands.
func cleanLines(text string) string {
	var list []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		list = append(list, term.OneLine(line))
	}
	return strings.Join(list, "\n")
}

// failed adds what an error says.
func (x *examination) failed(area, name, state string, err error) {
	what, mend, _ := strings.Cut(explain(err), "\n")
	x.add(area, name, state, what, mend)
}

func (x *examination) models() {
	x.add("models", "script/...", stateOK, "the scripted models of the examples; no key", "")
	for _, s := range models.Providers(x.cfg.get) {
		def := ""
		if s.Default != "" {
			def = "; default " + s.Provider + "/" + s.Default
		}
		switch {
		case !s.Usable:
			x.add("models", s.Provider, stateMissing, s.Variable+" is not set", "set "+s.Variable)
			continue
		case s.Local:
			x.add("models", s.Provider, stateOK, "needs no key; its server is expected at "+s.Base, "")
		default:
			x.add("models", s.Provider, stateOK, s.Variable+" is set"+def, "")
		}
		x.hosts = append(x.hosts, hostToReach{s.Provider, s.Base, s.Local})
	}
	table, err := parsePrices(x.cfg.Prices)
	switch {
	case err != nil: // its text is not repeated: somebody may have put a key there
		x.add("models", "prices", stateBad, "PITWALL_PRICES cannot be read", "write openai/gpt-5-mini=0.25/2.00: in and out in USD per million tokens, comma separated")
	case len(table) == 0:
		x.add("models", "prices", stateMissing, "PITWALL_PRICES is not set: what models cost is not known, unless a strategy says", "PITWALL_PRICES=openai/gpt-5-mini=0.25/2.00")
	default:
		x.add("models", "prices", stateOK, plural(len(table), "price")+" in PITWALL_PRICES", "")
	}
}

// keyed says whether a row of a table has its keys. what says what it is.
func (x *examination) keyed(area, name, what string, keys keyVars, without string) bool {
	_, missing := keys.lookUp(x.cfg)
	switch {
	case len(keys) == 0:
		x.add(area, name, stateOK, what+"needs no key", "")
	case len(missing) > 0:
		detail := what + strings.Join(missing, ", ") + " is not set"
		if without != "" {
			detail += "; without it " + without
		}
		x.add(area, name, stateMissing, detail, "set "+strings.Join(missing, " and "))
		return false
	default:
		x.add(area, name, stateOK, what+keys.String()+" is set", "")
	}
	return true
}

func (x *examination) sources() {
	for _, s := range sources() {
		if x.keyed("data sources", s.name, "", s.keys, s.without) {
			x.hosts = append(x.hosts, hostToReach{s.name, s.url, false})
		}
	}
}

func (x *examination) brokers() {
	for _, b := range brokers() {
		x.keyed("brokers", b.name, "mode "+strings.Trim(fmt.Sprint(b.modes), "[]")+"; ", b.keys, "")
	}
}

func (x *examination) machine(ctx context.Context) {
	began := x.app.now()
	if err := tryWorld(ctx); err != nil {
		x.failed("machine", "SQL worker", stateBad, err)
	} else {
		x.add("machine", "SQL worker", stateOK, fmt.Sprintf("started and answered a query over the bundled data in %.2f s", x.app.now().Sub(began).Seconds()), "")
	}
	now := x.app.now()
	switch zone, err := pitwall.LoadZone("America/New_York"); {
	case err != nil:
		x.add("machine", "time zones", stateBad, "this binary's zone database cannot be read", "install pitwall again")
	case now.Year() < 2025 || now.Year() > 2100:
		x.add("machine", "clock", stateBad, "it says "+now.Format(time.RFC3339), "set the clock: downloads end at its day")
	default:
		x.add("machine", "clock", stateOK, fmt.Sprintf("%s here, %s in New York", now.Format("2006-01-02 15:04 -07:00"), now.In(zone).Format("15:04")), "")
	}
	if err := ctx.Err(); err != nil {
		x.failed("machine", "stopped", stateBad, err)
	}
}

// tryWorld asks the SQL worker of a world of bundled data. It is the way that
// every SQL of an agent takes.
func tryWorld(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s, err := readStrategy("examples/momentum")
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		return err
	}
	w, err := s.newSim(ctx, &history.Local{})
	if err != nil {
		return err
	}
	defer w.Close()
	got, err := w.World().Tables.Query(ctx, "SELECT 20 + 1 AS answer", 1)
	if err == nil && (len(got.Rows) != 1 || fmt.Sprint(got.Rows[0][0]) != "21") {
		err = fmt.Errorf("20 + 1 came out as %v", got.Rows)
	}
	return err
}

func (x *examination) settings() {
	if slices.ContainsFunc(x.list, func(f finding) bool { return f.Name == ".env" }) {
		// it cannot be read, which was said
	} else if _, err := os.Stat(".env"); err == nil {
		x.add("settings", ".env", stateOK, "read, in this folder; the environment goes before it", "")
	} else {
		x.add("settings", ".env", stateOK, "none in this folder: keys come from the environment", "")
	}
	if x.cfg.Token == "" {
		x.add("settings", "PITWALL_TOKEN", stateMissing, "not set: pitwall serve --http answers on this machine only", "set it to serve others")
	} else {
		x.add("settings", "PITWALL_TOKEN", stateOK, "set", "")
	}
	if n := len(x.cfg.Hosts); n > 0 {
		x.add("settings", "PITWALL_HOSTS", stateOK, plural(n, "name"), "")
	}
	if levels := []string{"", "debug", "info", "warn", "error"}; !slices.Contains(levels, strings.ToLower(x.cfg.Log)) {
		x.add("settings", "PITWALL_LOG", stateBad, "is no level", "use debug, info, warn or error")
	}
}

// machineLine is the machine in a line.
func machineLine() string {
	s := fmt.Sprintf("%s, %s/%s, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, plural(runtime.NumCPU(), "core"))
	if m := memory(); m > 0 {
		s += ", " + size(m) + " memory"
	}
	return s
}

// memory is the machine's; 0 where the system does not say it in a file.
func memory() int64 {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kb int64
	for line := range strings.Lines(string(raw)) {
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}
