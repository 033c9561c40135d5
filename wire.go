package pitwall

// What a server and a loop put into _meta, which no model reads.
const (
	MetaTurn     = "pitwall/turn"         // of a call: the number of the turn that makes it
	MetaRole     = "pitwall/role"         // of a call: the role that makes it, where an agent has several
	MetaReadOnly = "pitwall/read_only"    // of a call: any value but false gives up the right to change the world; it cannot be gained
	MetaShadow   = "pitwall/shadow"       // of a call: any value but false is read-only too, and loads no table that is not there
	MetaDigest   = "pitwall/state_digest" // of an answer: what its world can show up to now
	MetaWorld    = "pitwall/world"        // of an answer: the id of its world; of a call: the one that it is meant for
	MetaFuture   = "pitwall/future_dated" // of an answer: what the wall removed from an external tool's
	MetaEffect   = "pitwall/effect"       // of a tool: read, setup, change or step
	MetaIdentity = "pitwall/identity"     // of an external tool: a digest of what its description leaves out, such as a URL
)

// NotSent is the line of an answer that says that no order was sent: it was not needed,
// or its id has one already.
const NotSent = "sent=false"

// MaxSteps is how many bars one call of clock_next_bar passes, and so the longest time
// between two turns in bars.
const MaxSteps = 10_000
