package replay

var helpers = map[string]func() error{}
