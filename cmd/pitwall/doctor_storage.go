package main

import (
	"context"
	"errors"
	"fmt"
	"pitwall/cache/disk"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// storage looks at where downloads and recorded answers are kept.
func (x *examination) storage(ctx context.Context) {
	local := x.cfg.store(x.app.now)
	list, err := local.List(ctx)
	if local.Dir != "" {
		x.folder("data store", local.Dir, "PITWALL_DATA_DIR")
	}
	if err != nil {
		x.failed("data store", show.StateBad, err)
	} else if len(list) > 0 {
		x.list[len(x.list)-1].Detail += fmt.Sprintf("; %s: pitwall data ls", term.Plural(len(list), "series file"))
	}
	if x.cfg.CacheDir == noCacheDir {
		x.ok("replay cache", "off: PITWALL_CACHE_DIR is none")
		return
	}
	if dir, err := x.cfg.cacheDir(); err != nil {
		x.failed("replay cache", show.StateBad, err)
	} else {
		x.folder("replay cache", dir, "PITWALL_CACHE_DIR")
	}
}

// folder looks at where something is kept: how much, and whether more may be.
func (x *examination) folder(name, dir, variable string) {
	fix := "make it a folder that can be written to, or name another in " + variable
	there, files, bytes, err := disk.Usage(dir)
	switch {
	case errors.Is(err, disk.ErrNotWritable):
		x.bad(name, dir+" is not writable", fix)
	case err != nil:
		x.bad(name, err.Error(), fix)
	case !there:
		x.ok(name, dir+": not there yet, made when needed")
	default:
		x.ok(name, fmt.Sprintf("%s: %s, %s, writable", dir, term.Plural(files, "file"), show.Size(bytes)))
	}
}
