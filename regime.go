package pitwall

// RegimeModel is a way to find the regime of a market.
type RegimeModel string

// The models.
const (
	HiddenMarkov RegimeModel = "hmm"   // returns and volatility, trained on a schedule
	TrendRules   RegimeModel = "trend" // trend, volatility and breadth
)

// RegimeSpec says how a world finds regimes. The zero value is a hidden Markov model with
// the defaults of the tool market_regime.
type RegimeSpec struct {
	Symbol  string            // whose regime gates and the table regimes are about; empty = none
	Model   RegimeModel       // empty = HiddenMarkov
	States  int               // of HiddenMarkov; 0 = 3
	Retrain int               // days from one training to the next; 0 = 21
	Labels  map[string]string // other names of labels
}

// Name returns the name of a label.
func (r RegimeSpec) Name(label string) string {
	if name, ok := r.Labels[label]; ok {
		return name
	}
	return label
}
