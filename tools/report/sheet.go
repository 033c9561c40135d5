package report

import (
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// Sheet holds the figures that a run's page, the tool report_tearsheet and the
// terminal show. Returns, drawdowns and shares are fractions, money is
// in the account's currency, and nil means that a figure is not defined for this
// run (see the package's rules).
type Sheet struct {
	ReadWith  []runs.Reading `json:"read_with,omitempty"` // what changes how the figures must be read
	Run       Header         `json:"run"`
	Headline  Metrics        `json:"headline"`
	Strategy  Stats          `json:"strategy"`
	Benchmark *Stats         `json:"benchmark,omitempty"`    // nil: the run has none
	BuyHold   *Stats         `json:"buy_and_hold,omitempty"` // nil: not known here
	Relative  *Relative      `json:"relative,omitempty"`     // against the benchmark
	Passive   []Passive      `json:"passive"`                // doing nothing, by stated rules
	Activity  Activity       `json:"activity"`
	Trading   Trading        `json:"trading"`
	Costs     CostTable      `json:"costs"`
	Symbols   []Attribution  `json:"symbols"` // largest gain first; sums to the run's gain with Other
	Other     pitwall.Dec    `json:"other"`   // gain that belongs to no symbol: interest, margin, transfers
	Months    []Month        `json:"months"`
	Years     []Month        `json:"years"`
	Luck      Luck           `json:"luck"`
	Trades    []RoundTrip    `json:"trades"` // in the order of their exits, open ones last
	Warnings  []string       `json:"warnings"`
	Notes     []string       `json:"notes"` // what could not be read, or was assumed

	Regimes  []RegimeStat `json:"-"` // in the order in which they came; nil: the strategy has no regime
	Spans    []RegimeSpan `json:"-"`
	RegimeOf string       `json:"-"` // whose regimes they are

	Fund  *Fund   `json:"-"` // nil: the run has no pods; see Whole
	Curve []Point `json:"-"` // equity at the end of each step
	Daily []Point `json:"-"` // the last of each day: what the figures are computed over
}

// Header describes what was run.
type Header struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Status    string      `json:"status"` // complete, incomplete, failed, running; empty for a world without a folder
	Model     string      `json:"model"`
	Symbols   []string    `json:"symbols"`
	Benchmark string      `json:"benchmark,omitempty"`
	From      string      `json:"from"` // dates of the first and last equity point
	To        string      `json:"to"`
	Every     string      `json:"every,omitempty"`
	Cash      pitwall.Dec `json:"cash"`
	Turns     int         `json:"turns"`
	Fork      string      `json:"fork,omitempty"` // how it parts from another run
	Attempt   int         `json:"attempt"`        // how often these dates were tried, this run included
	Digest    string      `json:"digest,omitempty"`
	Pitwall   string      `json:"pitwall,omitempty"`
	Error     string      `json:"error,omitempty"`
	Agents    []Agent     `json:"agents"`
}

// Agent is one of a run's agents.
type Agent struct {
	Name   string         `json:"name"`
	Model  string         `json:"model"`
	Every  string         `json:"every,omitempty"`
	Prompt string         `json:"prompt,omitempty"`
	Params map[string]any `json:"params,omitempty"`        // of a script
	Cutoff string         `json:"cutoff,omitempty"`        // the last day that the model's training knows
	Inside *float64       `json:"inside_cutoff,omitempty"` // see Luck.Inside
}

// Point is equity at the end of a step, with the values of the comparisons.
type Point struct {
	At        time.Time
	Equity    float64
	Cash      float64
	Benchmark float64 // 0: none
	Hold      float64 // 0: none
	Exact     pitwall.Dec
}

// Stats holds the figures of one equity curve over daily closes, the starting cash
// included as the first point: the first return is that of the first day. A day
// ends with its last step, by the date of the step's end in the market's zone;
// midnight ends the day before it.
// Formulas and variants: see the package's doc.
type Stats struct {
	TotalReturn   *float64 `json:"total_return"`
	CAGR          *float64 `json:"cagr"`
	Volatility    *float64 `json:"volatility"`
	Sharpe        *float64 `json:"sharpe"`
	Sortino       *float64 `json:"sortino"`
	DownsideDev   *float64 `json:"downside_deviation"`
	MaxDrawdown   *float64 `json:"max_drawdown"`
	Calmar        *float64 `json:"calmar"`
	UnderWater    int      `json:"under_water_days"` // the longest stretch below a peak, in daily points; one that has not ended counts
	Ulcer         *float64 `json:"ulcer"`            // sqrt(sum of squared drawdowns / (n-1))
	Omega         *float64 `json:"omega"`            // above 0; equals the profit factor of days
	WinRate       *float64 `json:"win_rate_days"`    // of days that moved
	ProfitFactor  *float64 `json:"profit_factor_days"`
	Payoff        *float64 `json:"payoff_days"`
	TailRatio     *float64 `json:"tail_ratio"` // 95th percentile / |5th|
	VaR95         *float64 `json:"var95_historical"`
	VaR95Normal   *float64 `json:"var95_normal"`
	ES95          *float64 `json:"es95_historical"`
	Skew          *float64 `json:"skew"`     // m3/m2^1.5, moments of the population (divided by n)
	Kurtosis      *float64 `json:"kurtosis"` // m4/m2^2: 3 for a normal distribution
	Best          *float64 `json:"best_day"`
	Worst         *float64 `json:"worst_day"`
	Days          int      `json:"days"`                        // daily returns
	PeriodsAYear  float64  `json:"periods_per_year"`            // 252; 365 when weekends trade, 52 of weeks, 12 of months
	FewForYearly  bool     `json:"few_periods"`                 // under 30 periods: yearly figures mean little
	RiskFreeRate  float64  `json:"risk_free_rate"`              // per year; 0
	MaxDDFrom     string   `json:"max_drawdown_from,omitempty"` // date of the peak, the first of equal ones
	MaxDDTo       string   `json:"max_drawdown_to,omitempty"`   // date of the trough
	MaxDDRecovery string   `json:"max_drawdown_recovered,omitempty"`
}

// Relative compares daily returns with the benchmark's.
type Relative struct {
	Against          string   `json:"against"`
	Excess           *float64 `json:"excess_return"` // total return less the benchmark's
	Beta             *float64 `json:"beta"`
	Alpha            *float64 `json:"alpha_arithmetic"` // (mean r - beta*mean b)*P
	AlphaCompound    *float64 `json:"alpha_compound"`   // (1+mean(r-beta*b))^P - 1
	Correlation      *float64 `json:"correlation"`
	InformationRatio *float64 `json:"information_ratio"` // annualized
	TrackingError    *float64 `json:"tracking_error"`    // annualized
}

// Passive is the result of buying equal parts and doing nothing, over every bar of the
// run. Rule says how it was bought and valued.
type Passive struct {
	Rule        string  `json:"rule"`
	TotalReturn float64 `json:"total_return"`
	MaxDrawdown float64 `json:"max_drawdown"`
	Cash        float64 `json:"cash_left"` // share of the money that bought nothing: whole lots
}

// Activity holds how much was held and traded.
type Activity struct {
	Exposure       *float64 `json:"exposure"`          // mean over steps of (sum |position|)/equity, at the last known closes; nil without prices
	NetExposure    *float64 `json:"net_exposure"`      // mean over steps of (sum position)/equity
	TimeHeld       *float64 `json:"time_held"`         // share of steps with a position
	Turnover       *float64 `json:"turnover_day"`      // mean over days of traded value/equity at the day's end
	TurnoverYearly *float64 `json:"turnover_year"`     // the same times periods a year
	Traded         float64  `json:"traded"`            // money, both ways, at the prices of the fills
	HoldingMean    *float64 `json:"holding_days_mean"` // hours/24 from the first entry fill to the last exit fill, closed trades
	HoldingMedian  *float64 `json:"holding_days_median"`
}

// Trading holds figures over closed trades.
type Trading struct {
	Closed       int      `json:"closed"`
	Open         int      `json:"open"`
	Won          int      `json:"won"`
	Lost         int      `json:"lost"`
	WinRate      *float64 `json:"win_rate"` // wins / all closed trades, those at zero included
	ProfitFactor *float64 `json:"profit_factor"`
	Expectancy   *float64 `json:"expectancy"` // mean money of a closed trade
	AverageWin   *float64 `json:"average_win"`
	AverageLoss  *float64 `json:"average_loss"`
	Largest      *float64 `json:"largest_win"`
	Smallest     *float64 `json:"largest_loss"`
}

// RoundTrip is a position in one symbol that was opened by one order and closed by
// one: lots are closed first in, first out, and fees are shared by quantity. Its
// prices are means over its fills. An exit that came with an order (take_profit,
// stop_loss) counts for that order's turn. An open one is valued at the last known
// price.
type RoundTrip struct {
	Symbol          string       `json:"symbol"`
	Book            string       `json:"book,omitempty"`
	Side            string       `json:"side"` // long or short
	Qty             pitwall.Dec  `json:"qty"`  // in units of the exit
	EntryTime       time.Time    `json:"entry_time"`
	EntryPrice      pitwall.Dec  `json:"entry_price"` // per unit of Qty
	EntryOrder      string       `json:"entry_order"`
	EntryTurn       int          `json:"entry_turn"` // 0: none
	EntryReason     string       `json:"entry_reason"`
	EntryConfidence *float64     `json:"entry_confidence,omitempty"` // the trader's own, 0 to 1; nil: not given
	ExitTime        *time.Time   `json:"exit_time"`                  // nil: still open
	ExitPrice       *pitwall.Dec `json:"exit_price"`
	ExitOrder       string       `json:"exit_order,omitempty"`
	ExitTurn        int          `json:"exit_turn,omitempty"`
	ExitReason      string       `json:"exit_reason,omitempty"`
	ExitConfidence  *float64     `json:"exit_confidence,omitempty"`
	Fees            pitwall.Dec  `json:"fees"`
	Profit          pitwall.Dec  `json:"profit"` // after fees, without dividends
	Return          *float64     `json:"return"` // profit / value at the entry
	Days            float64      `json:"days"`   // hours held / 24; of an open one to the last step
}

// CostTable holds the costs of trading and deciding.
type CostTable struct {
	Commission       pitwall.Dec  `json:"commission"` // and all other fees of fills
	Slippage         pitwall.Dec  `json:"slippage"`
	Borrow           pitwall.Dec  `json:"borrow"`   // of shorts
	Interest         pitwall.Dec  `json:"interest"` // earned on cash; negative: paid for borrowed cash
	Dividends        pitwall.Dec  `json:"dividends"`
	Models           *pitwall.Dec `json:"models_usd"` // nil: a price is not known
	ModelsNew        *pitwall.Dec `json:"models_new_usd"`
	ModelsRecorded   *pitwall.Dec `json:"models_recorded_usd"` // what came from the cache cost once
	TokensIn         int64        `json:"tokens_in"`
	TokensOut        int64        `json:"tokens_out"`
	ReturnBefore     *float64     `json:"return_before_models"`
	ReturnAfter      *float64     `json:"return_after_models"` // nil: spend not known
	ReturnWithout    *float64     `json:"return_before_costs"` // commission, slippage, borrow and interest paid added back, uncompounded
	CostOfTradedBps  *float64     `json:"cost_of_traded_bps"`  // commission and slippage over traded value
	StatedCommission string       `json:"stated,omitempty"`    // the rates that the run assumed
}

// Attribution is a symbol's gain; one that never traded has none.
type Attribution struct {
	Symbol    string      `json:"symbol"`
	Gain      pitwall.Dec `json:"gain"`  // fees, dividends and borrow included
	Share     *float64    `json:"share"` // gain / starting cash
	Traded    float64     `json:"traded"`
	Fills     int         `json:"fills"`
	Fees      pitwall.Dec `json:"fees"`
	Dividends pitwall.Dec `json:"dividends"`
	Borrow    pitwall.Dec `json:"borrow"` // of shorts in it; what cash cost belongs to no symbol
	Qty       pitwall.Dec `json:"qty"`    // still held
	Price     pitwall.Dec `json:"price"`  // at which that is valued; 0 when none is held
}

// Month is the return of a calendar month (2006-01) or a year (2006): its last
// daily point against the last one before it, the starting cash at first.
type Month struct {
	Period    string   `json:"period"`
	Return    float64  `json:"return"`
	Benchmark *float64 `json:"benchmark"`
	Hold      *float64 `json:"buy_and_hold"`
}

// Luck holds how much of the result could be luck.
type Luck struct {
	Return        *Interval       `json:"return_interval"`
	Sharpe        *Interval       `json:"sharpe_interval"`
	Drawdown      *Interval       `json:"drawdown_interval"`
	Resamples     int             `json:"resamples"`
	Block         float64         `json:"mean_block"` // days: the cube root of their number; 0: under 20 returns, no intervals
	Seed          uint64          `json:"seed"`
	Probabilistic *float64        `json:"probabilistic_sharpe"` // P(true Sharpe > 0), from the daily Sharpe ratio, Skew and Kurtosis
	Deflated      *float64        `json:"deflated_sharpe"`      // P(true Sharpe > the best of Trials without skill)
	Trials        int             `json:"trials"`
	Random        *RandomBaseline `json:"random_trader"` // nil: no trades, or no prices
	Inside        *float64        `json:"inside_cutoff"` // share of the run's calendar time up to the end (UTC) of the model's cutoff day, from the manifest; nil: not known
	InsideOf      string          `json:"inside_of,omitempty"`
}

// Interval is a range that holds the middle 90 % of resampled runs.
type Interval struct {
	Low  float64 `json:"low"`  // 5th percentile
	High float64 `json:"high"` // 95th
}

// RandomBaseline is the result of traders with the same positions and turnover, at
// random times and in random symbols of the run, at the run's own costs.
type RandomBaseline struct {
	Traders int     `json:"traders"`
	Low     float64 `json:"low"` // 5th percentile of their total returns
	Median  float64 `json:"median"`
	High    float64 `json:"high"`
	Beaten  float64 `json:"beaten"`  // share of them that the run beats
	Check   float64 `json:"check"`   // the method applied to the run itself: near its total return
	Telling bool    `json:"telling"` // false: the traders are too similar for Beaten to mean anything
	Rule    string  `json:"rule"`
}
