package pitwall

// mutant is the package's share of the tool: its copy holds this file too.
const mutant = `package %s

import (
	"cmp"
	"os"
	"strconv"
)

var mutantOn, _ = strconv.Atoi(os.Getenv("PITWALL_MUTANT"))
var mutantLog, _ = os.OpenFile(os.Getenv("PITWALL_MUTANTS_REACHED"), os.O_APPEND|os.O_WRONLY, 0)
var mutantSeen [%d]bool

func mutantIs(id int) bool {
	if mutantLog != nil && !mutantSeen[id] {
		mutantSeen[id] = true
		mutantLog.WriteString(strconv.Itoa(id) + "\n")
	}
	return mutantOn == id
}
func mutantNot(id int, v bool) bool { return mutantIs(id) != v }
func mutantAnd(id int, x, y func() bool) bool {
	if mutantIs(id) {
		return x() || y()
	}
	return x() && y()
}
func mutantOr(id int, x, y func() bool) bool {
	if mutantIs(id) {
		return x() && y()
	}
	return x() || y()
}

// mutantCmp has two mutants: the edge on the other side, and the opposite.
func mutantCmp[T cmp.Ordered](id int, op string, x, y T) bool {
	edge, opposite := mutantIs(id), mutantIs(id+1)
	var v bool
	switch op {
	case "<":
		v = x < y || edge && x == y
	case "<=":
		v = x < y || !edge && x == y
	case ">":
		v = x > y || edge && x == y
	default:
		v = x > y || !edge && x == y
	}
	return v != opposite
}

type mutantNumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func mutantOp[T mutantNumber](id int, op string, x, y T) T {
	on := mutantIs(id)
	switch {
	case op == "+" && !on, op == "-" && on:
		return x + y
	case op == "-" || op == "+":
		return x - y
	case op == "*" && !on, op == "/" && on:
		return x * y
	}
	return x / y
}
`
