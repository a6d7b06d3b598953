package pcap

// Join returns a handler that calls each of hs in turn. The bytes of a Content
// are shared between them then.
func Join(hs ...Handler) Handler {
	var out Handler
	for _, h := range hs {
		out.NewFlow = both(out.NewFlow, h.NewFlow)
		out.Flow = both(out.Flow, h.Flow)
		out.DNS = both(out.DNS, h.DNS)
		out.HTTP = both(out.HTTP, h.HTTP)
		out.TLS = both(out.TLS, h.TLS)
		out.Body = both(out.Body, h.Body)
		out.Content = both(out.Content, h.Content)
	}
	return out
}

func both[T any](a, b func(T) error) func(T) error {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return func(v T) error {
		if err := a(v); err != nil {
			return err
		}
		return b(v)
	}
}
