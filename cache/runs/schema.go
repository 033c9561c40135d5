package runs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
)

// This file is the schema of a run's folder: what each file holds. The record of a
// turn and its two lines are agentloop's own types (Turn, TurnLine, Timing), and a
// line of journal.jsonl is a pitwall.Entry.

// The files of a run's folder.
const (
	ManifestFile  = "manifest.json"   // a Manifest
	JournalFile   = "journal.jsonl"   // lines of pitwall.Entry
	SummariesFile = "summaries.jsonl" // lines of agentloop.TurnLine
	TimingFile    = "timing.jsonl"    // lines of agentloop.Timing
	UsageFile     = "usage.json"      // a Usage
	MetricsFile   = "metrics.json"    // Metrics
	FillsFile     = "fills.csv"
	EquityFile    = "equity.csv"
	PricesFile    = "prices.csv"
	TradesFile    = "trades.csv"      // entries with their exits, computed from the journal at the end
	BooksFile     = "books.csv"       // of a fund: each book's equity at each step, computed from the journal at the end
	DecisionsFile = "decisions.jsonl" // of a run with a desk: lines of Decision, computed from the turns, the journal and the trades at the end
	DeskFile      = "desk.json"       // of a run with a desk: a DeskScore
	PageFile      = "report.html"
	SumsFile      = "SHA256SUMS" // what sha256sum -c reads: the sums of the other files but timing.jsonl and report.html
	TurnsFile     = "turns.log"  // agentloop.Turn, each behind a line with its number, length and sum
	ApprovalsDir  = "approvals"  // decisions of a person about orders that wait; of a run on the host's time
	LeaseFile     = "lease"      // which process trades; of a run on the host's time
	turnsDir      = "turns"      // of older versions: a file per turn
)

// PageOf returns the file of a run's page, or of one of its pods'.
func PageOf(pod string) string {
	if pod == "" {
		return PageFile
	}
	return "report-" + pod + ".html"
}

// turnFile is the file of a turn in a folder of an older version, and its name in
// the digest of the turns.
func turnFile(n int) string { return fmt.Sprintf(turnsDir+"/%06d.json", n) }

// turnNumber returns the turn of such a file, 0 for another one.
func turnNumber(file string) int {
	name, is := strings.CutSuffix(file, ".json")
	n, err := strconv.Atoi(name)
	if !is || err != nil {
		return 0
	}
	return n
}

var csvFiles = []string{FillsFile, EquityFile, PricesFile}

// Columns returns the columns of a CSV file of the folder.
func Columns(file string) []string {
	switch file {
	case FillsFile:
		return []string{"timestamp", "symbol", "side", "qty", "price", "fee", "book", "turn", "order", "reason", "confidence", "utc"}
	case EquityFile:
		return []string{"timestamp", "equity", "cash", "benchmark", "buy_and_hold", "utc"}
	case BooksFile:
		return []string{"timestamp", "book", "equity", "cash", "utc"}
	case TradesFile: // times in UTC
		return []string{"symbol", "side", "qty", "entry_time", "entry_price", "exit_time", "exit_price", "fees", "profit", "return", "days",
			"entry_turn", "entry_order", "entry_reason", "entry_confidence", "exit_turn", "exit_order", "exit_reason", "exit_confidence"}
	case PricesFile: // an empty start is the timestamp, an empty known the end; older versions wrote all
		return []string{"symbol", "timestamp", "open", "high", "low", "close", "volume", "start", "end", "known"}
	}
	return nil
}

// olderColumns is how many of the columns folders of older versions have.
func olderColumns(file string) int {
	switch file {
	case FillsFile:
		return 10
	case EquityFile:
		return 5
	}
	return len(Columns(file))
}

// header is the first line of a CSV file; other files have none.
func header(file string) string {
	if c := Columns(file); c != nil {
		return strings.Join(c, ",") + "\n"
	}
	return ""
}

// Manifest is manifest.json: what was run.
type Manifest struct {
	RunID    string  `json:"run_id"`
	Mode     string  `json:"mode,omitempty"`   // paper or live; empty = a backtest
	Broker   *Broker `json:"broker,omitempty"` // whose account it trades; nil = fills are simulated
	Status   string  `json:"status"`           // running, complete, incomplete or failed
	Pitwall  string  `json:"pitwall"`
	Strategy string  `json:"strategy"`
	// StrategyDigest is of what the strategy said, of a run on the host's time.
	StrategyDigest string         `json:"strategy_digest,omitempty"`
	Name           string         `json:"name"`
	Symbols        []string       `json:"symbols"`
	Benchmark      string         `json:"benchmark,omitempty"`
	From           string         `json:"from"`
	To             string         `json:"to"`
	Every          string         `json:"every"`
	Cash           pitwall.Dec    `json:"cash"`
	Costs          pitwall.Costs  `json:"costs"`
	Account        pitwall.Terms  `json:"account"`
	Fills          pitwall.Rules  `json:"fills"`
	Limits         string         `json:"limits"`
	Model          string         `json:"model"` // of all agents
	Agents         []Agent        `json:"agents"`
	Pods           []Pod          `json:"pods,omitempty"`   // of a fund: strategies with books of their own
	Params         map[string]any `json:"params,omitempty"` // the strategy's values, with those of the command line
	Fork           *Fork          `json:"fork,omitempty"`   // how it parts from another run; nil = it does not
	Attempt        int            `json:"attempt"`
	Sample         int            `json:"sample,omitempty"`
	NoCache        bool           `json:"no_cache,omitempty"` // its answers were not kept: the same again asks anew
	Data           []DataFile     `json:"data"`
	// What a verifier needs besides journal.jsonl and prices.csv.
	Traded   []Traded         `json:"instruments,omitempty"`
	Actions  []pitwall.Action `json:"actions,omitempty"` // those that fell into the run
	Regimes  []Regime         `json:"regimes,omitempty"` // of a strategy with regime, oldest first
	Notes    []string         `json:"notes,omitempty"`   // about the machine: a key that is not set
	Warnings []string         `json:"warnings"`
	// ReadWith holds those that change how the result must be read; nil without one.
	ReadWith []Reading `json:"read_with,omitempty"`
	Digest   string    `json:"digest,omitempty"` // of every order, fill and equity point
	// TurnsDigest covers every byte of the turns: the same text gives the same one,
	// from a model or from the replay cache. Older runs have none.
	TurnsDigest string `json:"turns_digest,omitempty"`
	Error       string `json:"error,omitempty"`
}

// Regime is a label of the market from a day on; it was known at that day's close.
type Regime struct {
	Symbol string `json:"symbol"`
	From   string `json:"from"`
	Label  string `json:"label"`
}

// Fork says how a run parts from an earlier one. Turns before Turn are the parent's.
type Fork struct {
	Parent string `json:"parent"` // its run_id
	Digest string `json:"digest"` // the parent's
	Turn   int    `json:"turn"`   // the first that was decided anew
	Change string `json:"change"` // what is different at Turn
}

// String says where the run parts and what is different there.
func (f Fork) String() string {
	return fmt.Sprintf("of %s at turn %d: %s", f.Parent, f.Turn, f.Change)
}

// Broker is the account that a run trades, and the name it trades under.
type Broker struct {
	Name    string    `json:"name"`
	Account string    `json:"account"`
	Prefix  string    `json:"prefix"` // of every client order id
	Since   time.Time `json:"since"`  // fills from before are not the run's
}

// Reading is a warning that changes how a run's result must be read. It stands
// beside the headline.
type Reading struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// ReadWith returns the warnings with a code, one of each, the rest of it counted.
func ReadWith(list []pitwall.Warning) (out []Reading) {
	more := map[string]int{}
	for _, w := range list {
		if w.Code == "" {
			continue
		}
		if slices.ContainsFunc(out, func(r Reading) bool { return r.Code == w.Code }) {
			more[w.Code]++
			continue
		}
		out = append(out, Reading{Code: w.Code, Text: w.Text})
	}
	for i, r := range out {
		if n := more[r.Code]; n > 0 {
			out[i].Text = fmt.Sprintf("%s (and %d more like it)", r.Text, n)
		}
	}
	return out
}

// Others returns the warnings that are not among those to read the result with.
func Others(warnings []string, read []Reading) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(text string) bool {
		return slices.ContainsFunc(read, func(r Reading) bool { return r.Text == text || strings.HasPrefix(r.Text, text+" (and ") })
	})
}

// Agent is one of a run's agents.
type Agent struct {
	Name        string         `json:"name"`
	Model       string         `json:"model"`
	Fingerprint string         `json:"fingerprint,omitempty"`
	Prompt      string         `json:"prompt,omitempty"`
	Params      map[string]any `json:"params,omitempty"`
	Every       string         `json:"every,omitempty"`
	Triggers    []Trigger      `json:"triggers,omitempty"`
	Tools       []string       `json:"tools,omitempty"`
	Budget      *Budget        `json:"budget,omitempty"`
	Price       *Price         `json:"price_per_million,omitempty"`
	Cutoff      string         `json:"cutoff,omitempty"` // the last day that the model's training knows
	// Inside is the share of the run's days that are not after the cutoff; absent
	// when the cutoff is not known.
	Inside *float64 `json:"inside_cutoff,omitempty"`
	Gate   string   `json:"gate,omitempty"`  // the regimes in which it decides; empty = all
	Roles  []Agent  `json:"roles,omitempty"` // of a desk
}

// Pod is one strategy of a fund, with a book of its name.
type Pod struct {
	Name     string      `json:"name"`
	Strategy string      `json:"strategy,omitempty"` // its file, beside the fund's; empty = written there
	Cash     pitwall.Dec `json:"cash"`               // that its book begins with
	Symbols  []string    `json:"symbols"`
	Limits   string      `json:"limits"` // on its book; those of the fund are the manifest's own
	Agents   []string    `json:"agents"`
	Within   []string    `json:"within,omitempty"` // pods that it is within, the outermost first
}

// Trigger gives an agent a turn between its regular ones; exactly one of Fill, Move
// and At is set.
type Trigger struct {
	Fill   bool
	Move   float64 // percent since the agent's last turn, of Symbol or of any
	Symbol string
	At     string // a time of day or a date
}

// Budget limits an agent's new spending. A zero field is no limit.
type Budget struct {
	USD        pitwall.Dec
	USDPerTurn pitwall.Dec
	Tokens     int
}

// Price is USD per million tokens; nil is as In.
type Price struct {
	In         pitwall.Dec  `json:"in"`
	Out        pitwall.Dec  `json:"out"`
	CacheRead  *pitwall.Dec `json:"cache_read,omitempty"`
	CacheWrite *pitwall.Dec `json:"cache_write,omitempty"`
}

// DataFile is a file that the run's data came from.
type DataFile struct {
	Path     string             `json:"path"`
	Kind     string             `json:"kind"` // bars, actions, instruments, a kind of records, or unused
	Rows     int                `json:"rows"`
	SHA256   string             `json:"sha256"`
	Adjusted pitwall.Adjustment `json:"adjusted,omitempty"`
}

// Traded is an instrument whose bars are in prices.csv.
type Traded struct {
	pitwall.Instrument
	Zone     string             `json:"zone"`
	Size     string             `json:"bar_size"`
	Adjusted pitwall.Adjustment `json:"adjusted"`
}

// Usage is usage.json: what the models used. It differs between a first run and one
// from the replay cache, so it is no part of the manifest.
type Usage struct {
	Turns           *int            `json:"turns"`       // null in folders from before it was written
	ModelCalls      int             `json:"model_calls"` // asked for in this run
	CacheHits       int             `json:"cache_hits"`  // replies from the replay cache
	ToolCalls       int             `json:"tool_calls"`
	Tokens          agentloop.Usage `json:"tokens"`            // of model_calls
	CostUSD         *pitwall.Dec    `json:"cost_usd"`          // of model_calls; null = a price is not known
	CostUSDRecorded *pitwall.Dec    `json:"cost_usd_recorded"` // what the replies from the cache once cost
	Stopped         string          `json:"stopped,omitempty"`
}

// Metrics is metrics.json: a run's figures. Returns and drawdown are fractions; nil
// means that the figure is not defined for this run. tools/report computes them.
type Metrics struct {
	Start           pitwall.Dec `json:"start_cash"`
	FinalEquity     pitwall.Dec `json:"final_equity"`
	TotalReturn     float64     `json:"total_return"`
	BenchmarkReturn *float64    `json:"benchmark_return"`
	BuyHoldReturn   *float64    `json:"buy_and_hold_return"`
	MaxDrawdown     float64     `json:"max_drawdown"`
	Sharpe          *float64    `json:"sharpe"`
	Bars            int         `json:"bars"`
	Orders          int         `json:"orders"`
	Rejected        int         `json:"orders_rejected"`
	RejectedBy      []Rejection `json:"-"` // why, most often first
	Denied          int         `json:"orders_denied"`
	DeniedBy        []Denial    `json:"denied_by,omitempty"` // which limits, most often first
	Fills           int         `json:"fills"`
	Fees            pitwall.Dec `json:"fees"`
	Slippage        pitwall.Dec `json:"slippage"`
	Exposure        float64     `json:"exposure"` // mean over steps of what is held, long and short, over equity
	First           *time.Time  `json:"first"`
	Last            *time.Time  `json:"last"`
}

// Rejection is how often the venue rejected an order for a reason, and the first of them.
type Rejection struct {
	Code         pitwall.Code
	Count        int
	Symbol, Date string
}

// Denial is how often a limit denied an order.
type Denial struct {
	Limit string `json:"limit"`
	Count int    `json:"count"`
}

// DateOf returns the date of the day that a step ends: midnight ends the day before.
func DateOf(t time.Time) string { return t.Add(-1).Format(time.DateOnly) }

// The types of a [Decision].
const (
	Chosen    = "decision" // about a symbol of a plan, or that there is no order
	Execution = "execution"
	Result    = "outcome" // of a trade that was closed
	Failure   = "error"   // a role without a valid answer, an order that was refused, a turn that failed
)

// Decision is a line of decisions.jsonl. TradeID is the turn and the symbol: a decision,
// its executions and its outcome share it.
type Decision struct {
	Type        string          `json:"type"`
	TradeID     string          `json:"trade_id"`
	Turn        int             `json:"turn"`
	AsOf        string          `json:"as_of"`
	Symbol      string          `json:"symbol,omitempty"`
	Shadow      bool            `json:"shadow,omitempty"`          // asked while the desk slept: nothing was ordered
	Analysts    json.RawMessage `json:"analyst_outputs,omitempty"` // by role
	Researchers json.RawMessage `json:"researcher_outputs,omitempty"`
	Plan        json.RawMessage `json:"trade_plan,omitempty"`
	Risk        json.RawMessage `json:"risk_decision,omitempty"`
	Manager     json.RawMessage `json:"manager_decision,omitempty"`

	Side  pitwall.Side `json:"side,omitempty"`
	Qty   *pitwall.Dec `json:"qty,omitempty"`
	Price *pitwall.Dec `json:"price,omitempty"`
	Fee   *pitwall.Dec `json:"fee,omitempty"`
	Order string       `json:"order,omitempty"` // that filled, or closed the trade

	Profit        *pitwall.Dec `json:"pnl,omitempty"`
	ReturnPercent *float64     `json:"return_pct,omitempty"`
	ExitReason    string       `json:"exit_reason,omitempty"` // take_profit, stop_loss or an order's own
	Lessons       []string     `json:"lessons,omitzero"`

	Role  string `json:"role,omitempty"`
	Error string `json:"error,omitempty"`
}
