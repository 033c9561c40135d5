// Package fund lets several traders share one venue: each has a book of its own, and the
// fund is the sum of the books.
//
//	tools of a pod ──► the pod's limits ──► Book: orders and fills of one book, no other's
//	                                          │
//	                        limits of the fund (brokers/risk.Guard, over a Sum)
//	                                          │
//	                                         Sum: the books as one account ──► the venue
//
// A [Book] calls its book main, as every world does, so the tools are those of a run with
// one account. A [Sum] adds up what its books hold: a long of one pod and a short of
// another in the same symbol net. Sums nest: a book's orders may go to the guard of a
// part of the fund, which stands before the Sum of that part and hands on to the fund's.
//
// # To add a method of pitwall.Broker
//
// Decide for both types whose orders it may see; neither embeds the venue.
//
// # Why not
//
// Why not a venue for each pod: pods meet the same bars, share one bar's volume and one
// clock, and one journal in which every entry names its book shows all of it in order.
package fund
