package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models"
	"pitwall/cache/history"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// examination is a doctor at work.
type examination struct {
	app  *app
	cfg  settings
	area string // of what is looked at
	list []show.Finding
	// hosts are what --network connects to, in the order in which they were named.
	hosts []hostToReach
}

func (a *app) doctor() *cobra.Command {
	asJSON, network := false, false
	var f backtestFlags
	c := &cobra.Command{
		Use:   "doctor [FILE]",
		Short: "Check models, keys, data, SQL and what a strategy needs",
		Long: "doctor looks at this machine and at the environment and .env: which models and data sources have their keys (set or not set,\n" +
			"never their values), where downloads and recorded answers are kept, whether SQL runs, the clock. With FILE it says whether that\n" +
			"strategy could run: its models, their keys and prices, its data and the days they cover, its external tools.\n" +
			"Nothing is asked over the network; a base_url of FILE is connected to and hung up on. --network connects to each usable host and hangs up, at most 3 s each: that shows that it\n" +
			"can be reached, not that the key is right. Exit code 1 when something is bad; what is only missing is no failure.",
		Example: "  pitwall doctor\n  pitwall doctor mine.yaml\n  pitwall doctor --network --json",
		Args:    takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			x := &examination{app: a}
			var broken error
			if x.cfg, broken = a.settings(); broken != nil {
				x.cfg, _ = settingsFrom(nil) // the environment alone
			}
			ctx := c.Context()
			for _, check := range []struct {
				area string
				run  func()
			}{
				{"strategy", func() { x.strategy(ctx, args, f) }},
				{"models", x.models},
				{"data sources", x.sources},
				{"brokers", x.brokers},
				{"storage", func() { x.storage(ctx) }},
				{"machine", func() { x.machine(ctx) }},
				{"settings", func() { x.settings(broken) }},
				{"network", func() { x.network(ctx, network) }},
			} {
				x.area = check.area
				check.run()
			}
			found := show.Examine(version(), x.list)
			err := a.answer(asJSON, found, found.Print, nil)
			if err == nil && found.Bad > 0 {
				err = errSaid
			}
			return err
		},
	}
	c.Flags().StringVar(&f.profile, "profile", "", "with FILE: the broker profile of the run, whose changes to the strategy go before it")
	c.Flags().StringVar(&f.model, "model", "", "with FILE: the model of the run, which goes before both")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on stdout")
	c.Flags().BoolVar(&network, "network", false, "connect to the hosts of usable models and sources")
	return c
}

func (x *examination) ok(name, detail string)           { x.add(name, show.StateOK, detail, "") }
func (x *examination) missing(name, detail, fix string) { x.add(name, show.StateMissing, detail, fix) }
func (x *examination) bad(name, detail, fix string)     { x.add(name, show.StateBad, detail, fix) }

// failed adds what an error says.
func (x *examination) failed(name, state string, err error) {
	what, fix, _ := strings.Cut(pitwall.Explain(err), "\n")
	x.add(name, state, what, fix)
}

func (x *examination) add(name, state, detail, fix string) {
	lines := strings.Split(strings.TrimSpace(fix), "\n") // it may be several commands
	for i, line := range lines {
		lines[i] = term.OneLine(line)
	}
	f := show.Finding{Area: x.area, Name: name, State: state, Detail: term.OneLine(detail), Fix: strings.Join(lines, "\n")}
	if !slices.Contains(x.list, f) { // agents may share a model
		x.list = append(x.list, f)
	}
}

func (x *examination) models() {
	x.ok("script/...", "the scripted models of the examples; no key")
	for _, s := range models.Providers(x.cfg.get) {
		def := ""
		if s.Default != "" {
			def = "; default " + s.Provider + "/" + s.Default
		}
		switch {
		case !s.Usable:
			x.missing(s.Provider, s.Variable+" is not set", "set "+s.Variable)
			continue
		case s.Local:
			x.ok(s.Provider, "needs no key; its server is expected at "+s.Base)
		default:
			x.ok(s.Provider, s.Variable+" is set"+def)
		}
		x.hosts = append(x.hosts, hostToReach{s.Provider, s.Base, s.Local})
	}
	table, err := agentloop.ParsePrices(x.cfg.Prices)
	switch {
	case err != nil: // its text is not repeated: somebody may have put a key there
		x.bad("prices", "PITWALL_PRICES cannot be read", "write openai/gpt-5-mini=0.25/2.00: in and out in USD per million tokens, comma separated")
	case len(table) == 0:
		x.ok("prices", "list prices of "+models.PricesOf+"; PITWALL_PRICES or prices in a strategy override them")
	default:
		x.ok("prices", term.Plural(len(table), "price")+" in PITWALL_PRICES; else list prices of "+models.PricesOf)
	}
}

// keyed says whether a row of a table has its keys. what says what it is.
func (x *examination) keyed(name, what string, keys keyVars, without string) bool {
	_, missing := keys.lookUp(x.cfg)
	switch {
	case len(keys) == 0:
		x.ok(name, what+"needs no key")
	case len(missing) > 0:
		detail := what + strings.Join(missing, ", ") + " is not set"
		if without != "" {
			detail += "; without it " + without
		}
		x.missing(name, detail, "set "+strings.Join(missing, " and "))
		return false
	default:
		x.ok(name, what+keys.String()+" is set")
	}
	return true
}

func (x *examination) sources() {
	for _, s := range sources() {
		if x.keyed(s.name, "", s.keys, s.without) {
			x.hosts = append(x.hosts, hostToReach{s.name, s.url, false})
		}
	}
}

func (x *examination) brokers() {
	for _, b := range brokers() {
		x.keyed(b.name, "mode "+strings.Trim(fmt.Sprint(b.modes), "[]")+"; ", b.keys, "")
	}
}

func (x *examination) machine(ctx context.Context) {
	began := x.app.now()
	if err := tryWorld(ctx); err != nil {
		x.failed("SQL worker", show.StateBad, err)
	} else {
		x.ok("SQL worker", fmt.Sprintf("started and answered a query over the bundled data in %.2f s", x.app.now().Sub(began).Seconds()))
	}
	now := x.app.now()
	switch zone, err := pitwall.LoadZone("America/New_York"); {
	case err != nil:
		x.bad("time zones", "this binary's zone database cannot be read", "install pitwall again")
	case now.Year() < 2025 || now.Year() > 2100:
		x.bad("clock", "it says "+now.Format(time.RFC3339), "set the clock: downloads end at its day")
	default:
		x.ok("clock", fmt.Sprintf("%s here, %s in New York", now.Format("2006-01-02 15:04 -07:00"), now.In(zone).Format("15:04")))
	}
	if err := ctx.Err(); err != nil {
		x.failed("stopped", show.StateBad, err)
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
	w, _, err := s.world(ctx, &history.Local{})
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

// settings says what is set. broken is why .env cannot be read.
func (x *examination) settings(broken error) {
	_, err := os.Stat(".env")
	switch {
	case broken != nil:
		x.bad(".env", broken.Error(), "write lines of NAME=value, or remove the file")
	case err == nil:
		x.ok(".env", "read, in this folder; the environment goes before it")
	default:
		x.ok(".env", "none in this folder: keys come from the environment")
	}
	if x.cfg.Token == "" {
		x.missing("PITWALL_TOKEN", "not set: pitwall serve --http answers on this machine only", "set it to serve others")
	} else {
		x.ok("PITWALL_TOKEN", "set")
	}
	if n := len(x.cfg.Hosts); n > 0 {
		x.ok("PITWALL_HOSTS", term.Plural(n, "name"))
	}
	if levels := []string{"", "debug", "info", "warn", "error"}; !slices.Contains(levels, strings.ToLower(x.cfg.Log)) {
		x.bad("PITWALL_LOG", "is no level", "use debug, info, warn or error")
	}
}
