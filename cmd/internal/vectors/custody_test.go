package vectors

func (m maker) custody() {}
