// Package replay keeps what models and outside tools answered, so that a run can
// be repeated without asking again.
package replay
