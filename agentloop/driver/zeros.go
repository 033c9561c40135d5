package driver

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// zeros are the keys of which 0 would be read as left out, which means no limit or a
// default, and what to write instead.
var zeros = map[string]string{
	"max_steps": "use 1 to 1000", "max_tokens": "use a number above 0", "timeout": "write a time such as 5m", "move": "use a percentage above 0",
	"usd": "use an amount above 0", "usd_per_turn": "use an amount above 0", "tokens": "use a number above 0",
	"trades": "use 1 to 1000", "half_life": "use days above 0", "drawdown": "use a fraction such as 0.05",
	"rounds": "use 1 to 10", "parallel": "use 1 to 64", "over": "use 1 to 10000", "min_volume": "use an amount above 0",
}

// foreign are keys whose contents are not the strategy's own.
var foreign = map[string]bool{"params": true, "output_schema": true, "risk": true, "rule": true, "query": true, "headers": true, "body": true, "env": true}

// noZeros refuses a stated 0 where it would be read as nothing stated.
func (s *Strategy) noZeros(n *yaml.Node) error {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := step - 1; i < len(n.Content); i += step {
		value := n.Content[i]
		if step == 2 {
			key := n.Content[i-1]
			if instead := zeros[key.Value]; instead != "" && value.Kind == yaml.ScalarNode && isZero(value.Value) {
				return s.bad("line %d: %s is %s", key.Line, key.Value, value.Value).Hintf("%s, or leave it out", instead)
			}
			if foreign[key.Value] {
				continue
			}
		}
		if err := s.noZeros(value); err != nil {
			return err
		}
	}
	return nil
}

// isZero reports whether a scalar is 0 as a number or a duration: 0, 0.0, 0s.
func isZero(text string) bool {
	f, err := strconv.ParseFloat(strings.TrimRight(text, "nuµmsh"), 64)
	return err == nil && f == 0
}
