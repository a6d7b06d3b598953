package ntfs

// Forget drops what was read of the volume and can be read again: what folders
// hold, whose files are, records. What is open stays so.
func (f *FS) Forget() {
	f.dirs.forget()
	f.spread.Store(nil)
	f.secure.forget()
	f.ctx.Purge()
}

func (c *dirCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total = 0
	c.lru.Init()
	clear(c.m)
	clear(c.paths)
}

func (s *secure) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m = nil
}
