package regime

import (
	"cmp"
	"math"
	"slices"
)

// Label is the name of a regime.
type Label string

// The labels, by the mean and the deviation of returns in a state; see the rule in label.
const (
	TrendingBull Label = "trending_bull"
	MildTrend    Label = "mild_trend"
	Range        Label = "range"
	VolatileBear Label = "volatile_bear"
	Volatile     Label = "volatile"
	Mixed        Label = "mixed" // no label leads
)

// Settings of the labels.
const (
	Window   = 504                // observations of a training, two years of trading days
	Least    = 126                // fewer are too few to train on
	Retrain  = 21                 // days from one training to the next, unless the model says otherwise
	Hold     = 3                  // days for which another label must lead before it counts
	Needs    = Least + smooth + 1 // closes of the first label
	lookBack = 252                // days over which a label is followed, at least
	steps    = 30                 // of a training
	smooth   = 10                 // days of a volatility
	leads    = 0.6                // the probability with which a label leads
)

// State is a hidden state as it shows: returns and deviation a year, in percent.
type State struct {
	Label      Label
	Mean, Vola float64
}

// Day is the regime of one day.
type Day struct {
	Label  Label     // damped: it holds until another led for Hold days
	Leader Label     // undamped; Mixed when none leads
	Of     []float64 // the probability of each of States
	Since  int       // the day, by number, on which Label began; no earlier than the look-back
	States []State
}

// Observe returns what the model sees of each day but the first ones: the return in
// percent and the root of the mean square of the last ten. The first is of close 10.
func Observe(closes []float64) [][]float64 {
	var out [][]float64
	for i := smooth; i < len(closes); i++ {
		sum := 0.0
		for k := i - smooth + 1; k <= i; k++ {
			r := 100 * (closes[k]/closes[k-1] - 1)
			sum += float64(r * r)
		}
		out = append(out, []float64{100 * (closes[i]/closes[i-1] - 1), math.Sqrt(sum / smooth)})
	}
	return out
}

// Labels are all of them.
func Labels() []Label { return []Label{TrendingBull, MildTrend, Range, VolatileBear, Volatile, Mixed} }

// HMM is a hidden Markov model that is trained anew on a schedule.
type HMM struct {
	States  int
	Retrain int        // days from one training to the next; 0 = [Retrain]
	Year    float64    // days of a year
	Trained *Trainings // what was trained before; nil = nothing is kept
}

// Days returns the regime of the last days; fewer where there are fewer.
func (h HMM) Days(closes []float64, last int) []Day {
	if h.Retrain == 0 {
		h.Retrain = Retrain
	}
	back := (lookBack + h.Retrain - 1) / h.Retrain * h.Retrain
	obs := Observe(closes)
	first := max(Least, len(obs)-last)
	raw := map[int]Day{}
	var out []Day
	for t := first; t < len(obs); t++ {
		begin := max(Least, h.trainedAt(t)-back)
		for s := begin; s <= t; s++ {
			if _, ok := raw[s]; !ok {
				h.segment(raw, obs, s)
			}
		}
		day := raw[t]
		day.Label, day.Since = damp(raw, begin, t)
		day.Since += smooth
		out = append(out, day)
	}
	return out
}

// trainedAt is the newest training day at or before an observation: the first one with
// enough before it, and each Retrain days after it.
func (h HMM) trainedAt(t int) int { return t - (t-Least)%h.Retrain }

// segment trains the model of an observation and adds all days that use it and are there.
func (h HMM) segment(raw map[int]Day, obs [][]float64, t int) {
	at := h.trainedAt(t)
	from := max(0, at-Window)
	end := min(at+h.Retrain, len(obs))
	label := func() (days []Day) {
		m := kept(h.Trained, func(t *Trainings) *map[key]Model { return &t.models }, func() key { return keyOf(float64(h.States), obs[from:at]...) },
			func() Model { return train(obs[from:at], h.States) })
		filtered, _ := m.Filter(obs[from:end])
		shown := m.states(h.Year)
		for _, of := range filtered[at-from:] {
			days = append(days, Day{Leader: leader(shown, of), Of: of, States: shown})
		}
		return days
	}
	var days []Day
	if end < at+h.Retrain { // it grows
		days = label()
	} else {
		days = kept(h.Trained, func(t *Trainings) *map[key][]Day { return &t.spans },
			func() key { return keyOf(float64(h.States)+h.Year*10+float64(h.Retrain)*1e5, obs[from:end]...) }, label)
	}
	for i, d := range days {
		raw[at+i] = d
	}
}

// train begins with the observations in groups by volatility and improves that.
func train(obs [][]float64, states int) Model {
	order := make([]int, len(obs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(obs[a][1], obs[b][1]) })
	gamma := table(len(obs), states)
	for i, t := range order {
		gamma[t][i*states/len(obs)] = 1
	}
	m := Model{Start: make([]float64, states), Trans: table(states, states), Mean: table(states, 2), Var: table(states, 2)}
	for i := range states {
		m.Start[i] = 1 / float64(states)
		for j := range states {
			if m.Trans[i][j] = 0.05 / float64(states-1); i == j {
				m.Trans[i][j] = 0.95
			}
		}
		m.moments(obs, gamma, i, m, floor)
	}
	m, _ = m.Fit(obs, steps, floor)
	return m
}

// floor of a variance, in squared percent: a day's move of 0.01 %.
const floor = 1e-4

// states describes each state and labels it. A state whose deviation is twice that of the
// calmest or more is volatile_bear where its mean is below 0, else volatile. One that falls
// by half its deviation a year is volatile_bear, too. Others go by how many deviations they
// rise a year: trending_bull from 1 on, mild_trend from 0.3 on, range below.
func (m Model) states(year float64) []State {
	out := make([]State, len(m.Start))
	calm := math.Inf(1)
	for j := range out {
		out[j] = State{Mean: m.Mean[j][0] * year, Vola: math.Sqrt(m.Var[j][0] * year)}
		calm = min(calm, out[j].Vola)
	}
	for j := range out {
		s := &out[j]
		switch trend := s.Mean / s.Vola; {
		case s.Vola >= 2*calm && trend >= 0:
			s.Label = Volatile
		case s.Vola >= 2*calm || trend <= -0.5:
			s.Label = VolatileBear
		case trend >= 1:
			s.Label = TrendingBull
		case trend >= 0.3:
			s.Label = MildTrend
		default:
			s.Label = Range
		}
	}
	return out
}

// leader is the label whose states have the most probability together, if that leads.
func leader(states []State, of []float64) Label {
	for _, label := range Labels() {
		sum := 0.0
		for j, s := range states {
			if s.Label == label {
				sum += of[j]
			}
		}
		if sum >= leads {
			return label
		}
	}
	return Mixed
}

// damp follows the leaders from begin to t: a label holds until another one led for Hold
// days in a row.
func damp(raw map[int]Day, begin, t int) (label Label, since int) {
	label, since = raw[begin].Leader, begin
	run := 1
	for s := begin + 1; s <= t; s++ {
		if raw[s].Leader == raw[s-1].Leader {
			run++
		} else {
			run = 1
		}
		if now := raw[s].Leader; now != label && run >= Hold {
			label, since = now, s
		}
	}
	return label, since
}
