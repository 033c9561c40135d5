package main

import "time"

// hostNow is the only reading of the host's clock in this program; everything
// else takes a function. Simulated time never comes from here.
func hostNow() time.Time { return time.Now() }
