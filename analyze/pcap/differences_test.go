package pcap

// Reasons for which tshark and this package differ, on the side of either.
const (
	unfinished  = "tshark shows no head of a response whose body is not whole in the capture; it is reported here"
	byContent   = "tshark picks the dissector by port; here HTTP and TLS are found on any port by content"
	http09      = "tshark shows no request without a version (HTTP/0.9); it is reported here"
	loopingName = "tshark prints a message in place of a name whose compression pointers loop"
	methodAlone = "tshark takes a line with nothing but a method for a request"
	icmpQuotes  = "tshark also dissects the datagrams that ICMP errors quote"
)

// differences lists the files of the corpus on which tshark and this package
// say different things, each with the reason.
var differences = map[string]string{
	"dns/dns-invalid-names.pcap":               loopingName,
	"http/bro.org.pcap":                        unfinished,
	"http/content-range-gap.pcap":              unfinished,
	"http/entity_gap2.pcap":                    unfinished,
	"pe/pe_files_timestamp.pcap.gz":            unfinished,
	"http/get-to-ssh-server.pcap":              byContent,
	"http/http-single-conn-22.pcap":            byContent,
	"http/query-method-non-standard-port.pcap": byContent,
	"http/zeek-image-post-1080-8000-x.pcap":    byContent,
	"tls/irc-starttls.pcap":                    byContent,
	"tls/https-to-http.pcap":                   byContent,
	"tls/ssl-to-http-server.pcap":              byContent,
	"http/methods.pcap":                        methodAlone,
	"http/http_09.pcap":                        http09,
	"ipv4/fragmented-4.pcap":                   http09,
	"tunnels/gre-sample.pcap":                  icmpQuotes,
}
