package proxy

// scenarios are the scripts of TestEnvoyAgrees. What happens in on_configure is
// left out: Envoy does it in three VMs.
func scenarios() []scenario {
	return []scenario{
		{name: "metrics", script: metricScript, requests: []string{"/"}, until: "delete info"},
		{name: "shared", script: sharedScript, requests: []string{"/"}, until: "queue dequeue $1: 0 last"},
		{name: "timer", script: timerScript, requests: []string{"/"}, until: "tick log"},
		{name: "foreign", script: foreignScript, requests: []string{"/"}, until: "delete info"},
		{name: "call", script: callScript, requests: []string{"/"}, until: "info: 1 8 "},
		{name: "calls-refused", script: refusedScript, requests: []string{"/"}, until: "info: 1 20 "},
		{name: "calls", script: callsScript, requests: []string{"/"}, sorted: true, until: "info: 1 72 "},
		{name: "failures", script: failureScript, requests: []string{"/"}, until: "info: 1 28 "},
		{name: "continue", script: continueScript, requests: []string{postHello}, until: "delete info"},
		{name: "continue-response", script: responseScript, requests: []string{"/"}, until: "delete info"},
		{name: "reply", script: replyScript, requests: []string{"/"}, until: "delete info"},
		{name: "reply-twice", script: replyTwiceScript, requests: []string{"/"}, until: "delete info"},
		{name: "close", script: closeScript, requests: []string{"/"}, until: "delete info"},
		{name: "stream-gone", script: goneScript, requests: []string{"/"}, until: "http_response get request"},
		{name: "other-stream", script: otherScript, requests: []string{"&/a", "/b"}, sorted: true, until: "ended"},
		{name: "from-a-timer", script: fromTimerScript, requests: []string{"/"}, until: "delete info"},
		{name: "abi-0.1.0", script: firstScript, first: true, requests: []string{"/"}, until: "delete info"},
		{name: "grpc-call", script: grpcCallScript, requests: []string{"/"}, until: "end of calls"},
		{name: "grpc-stream", script: grpcStreamScript, requests: []string{"/"}, until: "end of streams"},
		// The last one: what is cancelled at once may reach the server or not.
		{name: cancelling, script: grpcRefusedScript, requests: []string{"/"}, until: "delete info"},
	}
}

const cancelling = "grpc-refused"

const postHello = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello"

const metricScript = `
request_headers define 0 c
request_headers keep c
request_headers define 1 g
request_headers keep g
request_headers define 2 h
request_headers keep h
request_headers define 0 c
request_headers keep d
request_headers define 3 bad
request_headers define 0 a.b-c/d:e
request_headers increment $c 5
request_headers increment $c 0
request_headers increment $c -1
request_headers metric $d
request_headers record $c 7
request_headers metric $c
request_headers increment $g 5
request_headers increment $g -7
request_headers metric $g
request_headers record $g -3
request_headers metric $g
request_headers record $g 3
request_headers increment $h 5
request_headers metric $h
request_headers record $h 0
request_headers record $h 7
request_headers record $h 7
request_headers record $h 10
request_headers record $h 109
request_headers record $h 123456
request_headers record $h -15
request_headers increment 400 5
request_headers increment 401 5
request_headers increment 402 5
request_headers increment 403 5
request_headers record 400 5
request_headers record 402 5
request_headers record 403 5
request_headers metric 400
request_headers metric 401
request_headers metric 402
request_headers metric 3
request_headers metric 0
delete info
`

const sharedScript = `
request_headers getdata key
request_headers setdata key 5 one
request_headers getdata key
request_headers setdata key 99 two
request_headers setdata key 0 three
request_headers getdata key
request_headers setdata key $_ four
request_headers getdata key
request_headers setdata key 0 
request_headers getdata key
request_headers resolve - none
request_headers register q
request_headers keep q
request_headers register q
request_headers register r
request_headers resolve - q
request_headers resolve other q
request_headers dequeue $q
request_headers dequeue 99
request_headers enqueue 99 x
request_headers enqueue $q one
request_headers enqueue $q 
request_headers enqueue $q last
request_headers dequeue $q
queue info
queue get request :path
queue property plugin_name
queue dequeue $1
`

const timerScript = `
request_headers@/ period 20
request_headers@/ effective 1
request_headers@/ period 10
tick#1 info
tick#1 get request :path
tick#1 effective 99
tick#1 property plugin_name
tick#1 reply 200 d body
tick#1 continue 0
tick#1 close 0
tick#1 finish
tick#2 info
tick#2 period 5
tick#3 info
tick#3 period 0
tick#3 log 2 tick log
tick#4 log 2 a tick too many
`

const foreignScript = `
request_headers foreign nothing x
request_headers foreign  x
request_headers foreign uncompress hello
request_headers foreign uncompress 
request_headers foreign uncompress x\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27
request_headers foreign clear_route_cache 
request_headers foreign get_log_level 
delete info
`

// showResponse is what the filter can see of the answer to a call.
const showResponse = `
http_response info
http_response status
http_response pairs 6
http_response pairs 7
http_response get 6 X-Up
http_response get 6 none
http_response get 7 x-trailer
http_response add 6 a b
http_response replace 6 :status 9
http_response remove 6 x-up
http_response setpairs 6 a=b
http_response size 6
http_response size 7
http_response body 4 0 99
http_response body 4 1 2
http_response bufstatus 4
http_response setbody 4 0 0 x
http_response pairs request
http_response get request :path
http_response property request.path
http_response property plugin_name
`

const callScript = `
request_headers callheader x-a 1
request_headers callheader X-A 2
request_headers callheader accept text/plain
request_headers call up 1000 GET auth.example /first?x=1 
request_headers pairs 6
request_headers get 6 x
request_headers body 4 0 9
request_headers status
` + showResponse + `
http_response#1 callheader content-length 7
http_response#1 callheader x-last 1
http_response#1 call up 0 POST auth.example /second hello
`

const refusedScript = `
request_headers call none 1000 GET a / 
request_headers call  1000 GET a / 
request_headers call up -1 GET a / 
request_headers barecall up 1000 
request_headers barecall none 1000 
request_headers callheader :path /x
request_headers callheader :method GET
request_headers barecall up 1000 
request_headers callheader :path /x
request_headers callheader :method GET
request_headers callheader host h
request_headers barecall up 1000 
http_response info
http_response body 4 0 99
http_response#1 call up 1000  a /no-method 
http_response#2 call up 1000 GET  /no-authority 
http_response#3 call up 1000 GET a  
http_response#4 call up 1000 NONSENSE a noslash 
`

const callsScript = `
request_headers call up 1000 GET a /1 
request_headers call up 1000 HEAD a /2 
request_headers call up 1000 DELETE a /3 
request_headers call up 1000 OPTIONS a /4 
request_headers call up 1000 PUT a /5 
request_headers call up 1000 GET a /6 body
request_headers callheader host other
request_headers call up 1000 GET a /7 
request_headers calltrailer x-trailer 1
request_headers call up 1000 POST a /8 
request_headers calltrailer x-trailer 1
request_headers call up 1000 POST a /9 hello
request_headers callheader cookie a=1
request_headers callheader cookie b=2
request_headers callheader accept a
request_headers callheader accept b
request_headers call up 1000 GET a /10 
request_headers callheader expect 100-continue
request_headers call up 1000 POST a /11 hello
request_headers callheader x-envoy-internal no
request_headers callheader user-agent mine
request_headers call up 1000 GET a /12 
request_headers call up 1000 GET a /13 
request_headers call up 1000 GET a /14 
request_headers call up 1000 GET a /15 
request_headers call up 1000 GET a /16 
request_headers call up 1000 GET a /17 
request_headers call up 1000 GET a /late 
http_response info
http_response pairs 6
http_response body 4 0 99
`

const failureScript = `
request_headers call dead 1000 GET a / 
` + showResponse + `
http_response#1 call up 50 GET a /silent 
http_response#2 call up 1000 GET a /cut 
http_response#3 call up 1000 GET a /hang-up 
http_response#4 call up 1000 GET a /garbage 
http_response#5 call up 100 GET a /stalled 
http_response#6 call up 1000 GET a /fine 
`

const continueScript = `
request_headers call up 1000 GET a /late 
request_headers me
request_headers return 1
request_body info
request_body body 0 0 99
response_headers info
log info
done info
delete info
http_response info
http_response#1 effective 2
http_response#1 get request :path
http_response#1 add request x-auth yes
http_response#1 get 6 :status
http_response#1 body 4 0 9
http_response#1 property request.path
http_response#1 continue 0
http_response#1 get request :path
http_response#1 get 6 :status
http_response#1 continue 0
`

const responseScript = `
response_headers call up 1000 GET a /late 
response_headers return 1
response_body info
response_body return 1
response_body#1 call up 1000 GET a /late 
http_response info
http_response effective 2
http_response#1 add response x-checked yes
http_response#1 pairs response
http_response#1 property response.code
http_response#1 continue 1
http_response#1 get response x-checked
http_response#2 get response :status
http_response#2 body 1 0 99
http_response#2 continue 1
log info
delete info
`

const replyScript = `
request_headers call up 1000 GET a /late 
request_headers return 1
response_headers info
response_headers pairs response
response_body info
log info
delete info
http_response effective 2
http_response replyheader x-r 1
http_response reply 401 no\sentry denied
http_response get request :path
`

const replyTwiceScript = `
request_headers call up 1000 GET a /late 
request_headers return 1
response_headers pairs response
log info
delete info
http_response effective 2
http_response replyheader x-r 1
http_response reply 401 first one
http_response reply 402 second two
`

const closeScript = `
request_headers call up 1000 GET a /late 
request_headers return 1
response_headers info
log info
delete info
http_response effective 2
http_response close 0
`

const goneScript = `
request_headers call up 1000 GET a /late 
delete info
http_response info
http_response effective 2
http_response get request :path
`

const otherScript = `
request_headers log 2 here
request_headers@/a get request :path
request_headers@/a return 1
request_headers@/b effective 2
request_headers@/b get request :path
request_headers@/b add request x-by b
request_headers@/b continue 0
request_headers@/b get request :path
response_headers info
delete#2 log 2 ended
`

const fromTimerScript = `
request_headers period 20
request_headers return 1
response_headers info
delete info
tick#1 effective 2
tick#1 get request :path
tick#1 call up 1000 GET a /from-timer 
tick#1 period 0
http_response info
http_response effective 2
http_response replyheader x-r 1
http_response reply 418 t teapot
`

const firstScript = `
request_headers info
request_headers config
request_headers get request none
request_headers get request :path
request_headers get response none
request_headers get 9 none
request_headers property none
request_headers getdata none
request_headers route
request_headers call up 1000 GET a /late 
request_headers return 1
response_headers info
response_headers get response none
response_body info
http_response info
http_response get 6 none
http_response get 7 none
http_response config
http_response route
http_response effective 2
http_response continue 0
log get request none
log get response_trailers none
done config
delete info
`

const showGRPC = `
grpc_initial info
grpc_initial pairs 5
grpc_message info
grpc_message body 5 0 99
grpc_message bufstatus 5
grpc_message pairs 4
grpc_message get 4 x
grpc_message status
grpc_trailing info
grpc_trailing pairs 4
grpc_trailing get 5 grpc-status
grpc_trailing get 5 grpc-message
grpc_trailing get 5 x-trailing
grpc_trailing status
grpc_close info
grpc_close status
grpc_close body 5 0 9
grpc_close pairs 4
grpc_close pairs 5
`

// Each call is made once the one before it has ended; a success ends in
// grpc_message, a failure in grpc_close.
const grpcCallScript = showGRPC + `
request_headers callheader x-meta 1
request_headers callheader X-Meta 2
request_headers grpc grpc 1000 pkg.S Echo hello
grpc_message#1 grpc grpc 1000 pkg.S Initial 
grpc_message#2 grpc \x0a\x08\x0a\x04grpc\x12\x00 1000 pkg.S Echo proto
grpc_message#3 grpc grpc 1000 pkg.S Fail x
grpc_close#1 grpc grpc 1000 pkg.S Deny x
grpc_close#2 grpc up 50 silent call x
grpc_close#3 grpc grpc 1000 pkg.S Three x
grpc_close#4 grpc up 1000 pkg.S Echo x
grpc_close#5 grpc deadgrpc 1000 pkg.S Echo x
grpc_close#6 grpc up 0  Echo x
grpc_close#7 log 2 end of calls
`

const grpcRefusedScript = `
request_headers grpc none 1000 pkg.S Echo x
request_headers stream none pkg.S Echo
request_headers grpc grpc 1000 pkg.S Slow canceled
request_headers keep a
request_headers cancel $a
request_headers cancel $a
request_headers end $a
request_headers grpc grpc 1000 pkg.S Slow closed
request_headers end $_
request_headers stream grpc pkg.S Slow
request_headers keep b
request_headers send $b 0 x
request_headers cancel $b
request_headers send $b 0 x
request_headers send 5 0 x
request_headers send 4 0 x
request_headers send 7 0 x
request_headers send 66 0 x
request_headers cancel 4
request_headers cancel 7
request_headers cancel 65
request_headers cancel 66
request_headers end 4
request_headers end 7
request_headers end 65
request_headers end 66
delete info
`

const grpcStreamScript = showGRPC + `
request_headers callheader x-meta 1
request_headers stream grpc pkg.S Initial
request_headers send $_ 0 one
request_headers send $_ 0 
request_headers send $_ 1 three
request_headers send $_ 0 four
grpc_initial get 4 x-initial
grpc_initial get 4 :status
grpc_initial add 4 a b
grpc_initial size 4
grpc_close#1 send $1 0 late
grpc_close#1 end $1
grpc_close#1 send $1 0 late
grpc_close#1 stream grpc pkg.S Three
grpc_close#1 send $_ 0 m
grpc_close#2 stream grpc pkg.S Deny
grpc_close#3 stream grpc pkg.S Fail
grpc_close#3 send $_ 0 x
grpc_close#4 stream grpc pkg.S Echo
grpc_close#4 end $_
grpc_close#4 send $_ 0 x
grpc_close#4 end $_
grpc_close#5 send $1 0 x
grpc_close#5 end $1
grpc_close#5 stream deadgrpc pkg.S Echo
grpc_close#5 send $_ 0 x
grpc_close#6 log 2 end of streams
`
