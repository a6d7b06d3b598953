package pcap

// differences lists the files of the corpus on which tshark and this package
// say different things, each with the reason.
var differences = map[string]string{
}
