// Package report computes a run's figures from its folder, which it reads through
// cache/runs, the folder's owner, or from what a backtest has just written into it.
//
//	run's folder ──► Read ──────► Run ──► Metrics, Sheet, Compare, package page
//	             └─► Open ─────────┤
//	a run's writer ──► FromHeld ───┤
//	a world in memory ─► FromWorld ┘
//
// luck.go resamples returns and fills Sheet.Luck, random.go computes the random
// baseline in it.
//
// Formulas, with the variant named (engines disagree). r are the returns of daily
// closing equity, the starting cash included as the first point, n their number; P
// is periods a year: 252; 365 when weekends trade, 52 of weeks, 12 of months. stdev is the sample's (n-1).
// The risk-free rate is 0. [e] is as empyrical computes it, [q] as quantstats does;
// without a mark they agree.
//
//	total return     last equity / starting cash - 1
//	CAGR             (1 + total return)^(P/n) - 1: periods counted, not calendar days;
//	                 -1 for a total loss
//	volatility       stdev(r) * sqrt(P)
//	Sharpe           mean(r) / stdev(r) * sqrt(P)
//	downside dev     sqrt(mean(min(r, 0)^2)) * sqrt(P), all n in the mean
//	Sortino          mean(r) * sqrt(P) / sqrt(mean(min(r, 0)^2))
//	max drawdown     min(E/peak - 1), the starting cash included as a peak; of all
//	                 equity points in the headline, of daily ones in the statistics
//	Calmar           CAGR / |max drawdown|
//	under water      longest run of points below the peak so far
//	ulcer            sqrt(sum(drawdown^2) / (n-1)) [q]
//	omega            sum of r above 0 / |sum of r below 0|
//	win rate         days: r > 0 / r not 0 [q]; trades: won / all closed, zeros too
//	profit factor    sum of wins / |sum of losses|, of days and of trades
//	payoff           mean win / |mean loss| of days
//	percentiles      linear interpolation between ranks, at p*(n-1)
//	tail ratio       |95th percentile of r| / |5th|
//	VaR 95           historical: 5th percentile of r [e]; normal: mean + z*stdev,
//	                 z = -1.645 [q]. A loss is negative
//	ES 95            mean of the floor((n-1)*0.05) + 1 lowest r [e]
//	skew, kurtosis   m3/m2^1.5, m4/m2^2 of population moments (all n in the mean, no
//	                 correction); 3 is normal, not 0
//	beta             cov(r, b) / var(b), b the benchmark's returns. Here and below r and
//	                 b are of the intervals between days on which both have a price
//	                 (BTC against SPY: Friday to Monday), and P is of those days
//	alpha            arithmetic: (mean r - beta*mean b) * P [q];
//	                 compound: (1 + mean(r - beta*b))^P - 1 [e]
//	information      mean(r - b) / stdev(r - b) * sqrt(P); [q] without sqrt(P)
//	tracking error   stdev(r - b) * sqrt(P)
//	turnover         mean of a day's traded value / that day's equity (LEAN); times P
//	exposure         mean of (sum |position|) / equity over steps, at last known closes
//	time held        share of steps with a position
//	benchmark        the benchmark's close against its close at the first bar, with
//	                 the splits and dividends that its prices do not hold (dividends
//	                 stay cash, or are reinvested where the account does that)
//	buy and hold     equal parts of every symbol at its first close in the run,
//	                 fractional, no costs, with splits and dividends as above; a part
//	                 waits in cash until then.
//	                 Exact: pitwall.BuyAndHold, also for the rows of doing nothing
//
// How much could be luck. All draws come from the seed that is stated.
//
//	intervals        5th and 95th percentile over resamples by the stationary
//	                 bootstrap (Politis and Romano 1994): blocks of geometric length
//	                 around the end of the run, mean length n^(1/3); from 20 returns
//	probabilistic    Phi((S - S*) / e), S = mean/stdev per period, S* = 0,
//	Sharpe           e^2 = (1 - skew*S + (kurtosis-1)/4*S^2) / (n-1)
//	                 (Bailey and Lopez de Prado 2012)
//	deflated Sharpe  the same with S* = e * ((1-g)*Phi^-1(1 - 1/N) + g*Phi^-1(1 -
//	                 1/(N*e'))), N trials, g = 0.5772 (Euler-Mascheroni), e' = 2.718
//	                 (the same, 2014). The paper's spread of the trials' ratios is not
//	                 known from one run: e stands for it
//	paired           mean difference of total return, and its interval by the stationary
//	difference       bootstrap over the same days of both runs (paired.go)
//	deflated, of     the same with the spread (n-1) of the trials' ratios per period in
//	many trials      place of e and N the trials whose returns differ (trials.go)
//	overfit          CSCV over 16 blocks of days (Bailey, Borwein, Lopez de Prado and Zhu
//	                 2015): share of the 12,870 halves whose best trial ranks at or
//	                 below the middle, rank/(N+1), in the other half
//	p-value          SPA of Hansen (2005): studentized by the kernel of Politis and Romano
//	                 (1994), recentered where mean >= -dev*sqrt(2 ln ln n / n), a
//	                 statistic of 0 or less has p 1; 1,000 resamples in blocks of n^(1/3) days
//	White's          the reality check (2000), the same draws, all recentered
//	beat_hold        Holm (1979) at 5 %: one-sided p of each trial's studentized mean over
//	                 holding, taken as normal, with the same deviation
//	random trader    the run's own positions, shifted around its steps and dealt to
//	                 its symbols at random, at its own turnover and cost rate:
//	                 a night's moves, the open's costs, a day's moves, compounded
//
// Fewer than two returns, or none that differ, give null and not 0. So does every
// figure that would divide by zero: profit factor, payoff, omega and Sortino without
// a loss, Calmar without a drawdown. Equity of zero or less is a total loss: what
// comes after it has no returns. Under 30 returns the yearly figures are marked.
//
// # To add a figure
//
// Add a field to Sheet (to Metrics in cache/runs/schema.go if the folder is to hold
// it), its formula with source above, and a case to the golden test.
//
// # Why not
//
// Why not a schema of its own, so that two implementations read each folder: it found
// nothing, and each new field needed two edits. What must be computed twice (fills,
// fees, cash, equity) is in sim/audit. Package tools builds a World and never sees the
// folder's types.
//
// Why not gonum/stat for means and moments: on amd64 it sums in an order of its own, so
// that last digits would differ between machines, and verify compares metrics.json
// exactly.
package report
