package proxywasm

// sameScript is what both hosts run. It starts from headers of its own, since
// those of a request differ. Envoy answers the request itself, with the body "hi".
const sameScript = `
context get request :path
context body 7 0 9
context body 0 0 9
request_headers setpairs request :authority=a :path=/p :method=GET x-forwarded-proto=http X-One=1 x-two=2 x-one=3
request_headers pairs request
request_headers get request X-ONE
request_headers get request host
request_headers get request none
request_headers get response x
request_headers get request_trailers x
request_headers get 4 x
request_headers get 6 x
request_headers get 8 x
request_headers pairs response
request_headers pairs 8
request_headers size request
request_headers size response
request_headers size 9
request_headers add response x y
request_headers add 8 x y
request_headers replace response x y
request_headers remove response x
request_headers remove request none
request_headers setpairs response a=b
request_headers add request x-One 4
request_headers replace request X-TWO 5
request_headers replace request x-ONE 6
request_headers replace request :path /q
request_headers add request cookie a=1
request_headers add request cookie b=2
request_headers add request content-type
request_headers add request content-type a
request_headers add request content-type b
request_headers add request x-empty
request_headers pairs request
request_headers body 0 0 9
request_headers body 2 0 9
request_headers body 3 0 9
request_headers body 4 0 9
request_headers body 5 0 9
request_headers body 6 0 9
request_headers body 7 0 9
request_headers body 8 0 9
request_headers body 9 0 9
request_headers bufstatus 0
request_headers bufstatus 6
request_headers bufstatus 7
request_headers bufstatus 9
request_headers setbody 0 0 0 x
request_headers setbody 4 0 0 x
request_headers setbody 6 0 0 x
request_headers setbody 7 0 0 x
request_headers setbody 8 0 0 x
request_headers setbody 9 0 0 x
request_headers property plugin_name
request_headers property plugin_name\0
request_headers property plugin_root_id
request_headers property plugin_vm_id
request_headers property 
request_headers property \0
request_headers property none
request_headers setproperty key value
request_headers property key
request_headers continue 2
request_headers continue 3
request_headers continue 4
request_headers close 3
request_headers close 4
request_headers effective 1
request_headers get request :path
request_headers get 9 x
request_headers pairs request
request_headers setproperty key value
request_headers property plugin_name
request_headers body 0 0 9
request_headers effective 0
request_headers get request :path
request_headers effective 12345
request_headers finish
request_headers status
request_headers time
request_headers wasi
request_headers env
request_headers badpointer
request_headers stdout out\n
request_headers stdout \n
request_headers stderr a\n\n
request_headers stdout 
request_headers log 9 no
request_headers setraw request nonsense
request_headers pairs request
request_headers setpairs request :authority=a :path=/p :method=GET x-forwarded-proto=http x-kept=yes
response_headers get request :path
response_headers pairs request
response_headers size request
response_headers replace request a b
response_headers setpairs response :status=200 server=x a=1
response_headers add response host a
response_headers add response Vary a
response_headers add response vary b
response_headers pairs response
response_headers body 1 0 9
response_headers body 0 0 9
response_body get response a
response_body pairs response
response_body add response a b
response_body info
response_body bufstatus 1
response_body body 1 0 9
response_body body 1 1 9
response_body body 1 1 -1
response_body body 1 9 9
response_body body 0 0 9
response_body setbody 1 1 1 x
response_body setbody 1 0 1 HEL
response_body body 1 0 99
response_body setbody 1 99 0 !
response_body body 1 0 99
log get request x-kept
log get request none
log get response a
log get response_trailers x
log get request_trailers x
log add request a b
log remove response a
log size request
log size response
log body 1 0 9
log continue 1
done get request x-kept
done pairs request
done size request
done body 1 0 9
delete get request x-kept
`

// headerNames are headers that may be single-valued.
const headerNames = `
:authority :path :method :scheme :protocol :status accept accept-charset accept-encoding accept-language
accept-ranges access-control-allow-credentials access-control-allow-headers access-control-allow-methods
access-control-allow-origin access-control-allow-private-network access-control-expose-headers
access-control-max-age access-control-request-headers access-control-request-method
access-control-request-private-network age allow alt-svc authorization cache-control cdn-loop connection
content-disposition content-encoding content-language content-length content-location content-range
content-type cookie date etag expect expires forwarded from grpc-accept-encoding grpc-encoding grpc-message
grpc-status grpc-timeout host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive
last-modified link location max-forwards origin pragma proxy-authenticate proxy-authorization
proxy-connection proxy-status range referer retry-after server set-cookie strict-transport-security te
traceparent tracestate trailer transfer-encoding upgrade user-agent vary via warning www-authenticate
x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation x-envoy-degraded
x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms
x-envoy-external-address x-envoy-force-trace x-envoy-hedge-on-per-try-timeout
x-envoy-immediate-health-check-fail x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry
x-envoy-max-retries x-envoy-original-host x-envoy-original-path x-envoy-original-url x-envoy-ratelimited
x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on
x-envoy-upstream-alt-stat-name x-envoy-upstream-canary x-envoy-upstream-healthchecked-cluster
x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response x-envoy-upstream-rq-timeout-ms
x-envoy-upstream-service-time x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for
x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-request-id x-custom
`
