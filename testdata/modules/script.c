// A proxy-wasm filter (ABI 0.2.1, or 0.1.0 with -DABI_0_1_0) that does what its configuration says, so that
// one module covers many behaviours of a host.
//
// The VM configuration and then the plugin configuration are read line by line;
// what must happen before on_configure belongs into the VM configuration.
//
//     CALLBACK[@PATH] ACTION [ARGUMENTS]
//
// CALLBACK is root (context_create of the root), vm_start, configure, context
// (context_create of a stream), request_headers, request_body,
// request_trailers, response_headers, response_body, response_trailers, log,
// done, delete, root_done, root_delete, tick, queue, http_response, grpc_initial,
// grpc_message, grpc_trailing, grpc_close, foreign, or * for all callbacks of a
// stream. With @PATH the line counts only for streams whose :path began with
// PATH in request_headers; with #N only for the Nth call of that callback in the
// VM, from 1 on; with =V only when the first number behind the context id, such
// as the token of a call, is V. Lines run in their order. An empty line and one
// that begins with # do nothing.
//
// Arguments are separated by one blank; the last one, TEXT, goes to the end of
// the line. Everywhere \n is a newline, \0 a NUL, \s a blank, \\ a backslash and
// \xHH a byte. MAP is request, request_trailers, response, response_trailers or
// a number, BUFFER and STREAM are numbers. A number may be $X, what "keep X" has
// kept: the last id or token that an action returned; $_ is the last one itself,
// $i the id of the context, $1 and $2 what the callback was called with.
//
// Each action marked with > logs one line at info:
// "CALLBACK ACTION FIRST-ARGUMENT: STATUS RESULT".
//
//     log LEVEL TEXT            proxy_log, LEVEL a number
//     get MAP NAME            > get_header_map_value
//     add MAP NAME TEXT       > add_header_map_value     (logs only a failure)
//     replace MAP NAME TEXT   > replace_header_map_value (logs only a failure)
//     remove MAP NAME         > remove_header_map_value  (logs only a failure)
//     pairs MAP               > get_header_map_pairs, as NAME=VALUE|NAME=VALUE
//     setpairs MAP N=V N=V... > set_header_map_pairs     (logs only a failure)
//     setraw MAP TEXT         > set_header_map_pairs with these very bytes
//     size MAP                > get_header_map_size
//     body BUFFER START LEN   > get_buffer_bytes
//     bufstatus BUFFER        > get_buffer_status
//     setbody BUFFER START LEN TEXT > set_buffer_bytes   (logs only a failure)
//     property PATH           > get_property, PATH with . between segments
//     number PATH             > get_property of an integer
//     setproperty PATH TEXT   > set_property             (logs only a failure)
//     replyheader NAME TEXT     adds a header to the next reply
//     reply CODE DETAILS TEXT > send_local_response, TEXT is the body
//     grpcreply CODE GRPC TEXT> send_local_response with a gRPC status
//     continue STREAM         > continue_stream
//     close STREAM            > close_stream
//     effective ID            > set_effective_context
//     finish                  > done
//     status                  > get_status
//     time                    > get_current_time_nanoseconds: "now" or "zero"
//     loglevel                > get_log_level
//     info                    > the numbers the callback was called with
//     keep X                    keeps the last id in the variable X, a letter
//     period MS               > set_tick_period_milliseconds
//     define TYPE NAME        > define_metric (the id becomes $_)
//     increment ID N          > increment_metric, N may be negative
//     record ID N             > record_metric
//     metric ID               > get_metric
//     getdata KEY             > get_shared_data (the CAS becomes $_)
//     setdata KEY CAS TEXT    > set_shared_data
//     register NAME           > register_shared_queue (the id becomes $_)
//     resolve VM NAME         > resolve_shared_queue, VM - for the empty one
//     enqueue ID TEXT         > enqueue_shared_queue
//     dequeue ID              > dequeue_shared_queue
//     callheader NAME TEXT      adds a header to the next call
//     calltrailer NAME TEXT     adds a trailer to the next call
//     call CLUSTER MS METHOD AUTHORITY PATH TEXT > http_call (the token becomes $_)
//     barecall CLUSTER MS TEXT> http_call with the headers of callheader alone
//     grpc CLUSTER MS SERVICE METHOD TEXT > grpc_call, TEXT is the message
//     stream CLUSTER SERVICE METHOD > grpc_stream
//     send TOKEN END TEXT     > grpc_send
//     cancel TOKEN            > grpc_cancel
//     end TOKEN               > grpc_close
//     foreign NAME TEXT       > call_foreign_function
//     env                     > the WASI environment
//     wasi                    > clock, random, fd_fdstat_get, fd_prestat_get, path_open
//     stdout TEXT               fd_write to 1
//     stderr TEXT               fd_write to 2
//     badpointer              > get_property and log with pointers out of bounds
//     return N                  what the callback returns
//     trap                      an unreachable instruction
//     outofbounds               a load outside the memory
//     exit CODE                 proc_exit
//     config                  > get_configuration    (of ABI 0.1.0 alone)
//     route                   > clear_route_cache    (of ABI 0.1.0 alone)
//     spend N                   N rounds of arithmetic

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define ENV(name) IMPORT("env", name)
#define WASI(name) IMPORT("wasi_snapshot_preview1", name)
#define EXPORT(name) __attribute__((export_name(name)))

ENV("proxy_log") u32 proxy_log(u32 level, const char *p, u32 n);
#ifdef ABI_0_1_0
ENV("proxy_get_configuration") u32 get_configuration(char **p, u32 *n);
ENV("proxy_continue_request") u32 continue_request(void);
ENV("proxy_continue_response") u32 continue_response(void);
ENV("proxy_clear_route_cache") u32 clear_route_cache(void);
static u32 continue_stream(u32 type) { return type ? continue_response() : continue_request(); }
static u32 close_stream(u32 type) { return 12 + 0 * type; }
static u32 proxy_get_log_level(u32 *level) { return 12 + 0 * *level; }
#else
ENV("proxy_get_log_level") u32 proxy_get_log_level(u32 *level);
ENV("proxy_continue_stream") u32 continue_stream(u32 type);
ENV("proxy_close_stream") u32 close_stream(u32 type);
#endif
ENV("proxy_get_header_map_value") u32 get_value(u32 map, const char *k, u32 kn, char **v, u32 *vn);
ENV("proxy_add_header_map_value") u32 add_value(u32 map, const char *k, u32 kn, const char *v, u32 vn);
ENV("proxy_replace_header_map_value") u32 replace_value(u32 map, const char *k, u32 kn, const char *v, u32 vn);
ENV("proxy_remove_header_map_value") u32 remove_value(u32 map, const char *k, u32 kn);
ENV("proxy_get_header_map_pairs") u32 get_pairs(u32 map, char **p, u32 *n);
ENV("proxy_set_header_map_pairs") u32 set_pairs(u32 map, const char *p, u32 n);
ENV("proxy_get_header_map_size") u32 get_size(u32 map, u32 *n);
ENV("proxy_get_buffer_bytes") u32 get_buffer(u32 type, u32 start, u32 len, char **p, u32 *n);
ENV("proxy_get_buffer_status") u32 get_buffer_status(u32 type, u32 *len, u32 *flags);
ENV("proxy_set_buffer_bytes") u32 set_buffer(u32 type, u32 start, u32 len, const char *p, u32 n);
ENV("proxy_get_property") u32 get_property(const char *path, u32 n, char **v, u32 *vn);
ENV("proxy_set_property") u32 set_property(const char *path, u32 n, const char *v, u32 vn);
ENV("proxy_send_local_response")
u32 send_local_response(u32 code, const char *details, u32 dn, const char *body, u32 bn, const char *headers, u32 hn, u32 grpc);
ENV("proxy_set_effective_context") u32 set_effective_context(u32 id);
ENV("proxy_done") u32 proxy_done(void);
ENV("proxy_get_status") u32 get_status(u32 *code, char **p, u32 *n);
ENV("proxy_get_current_time_nanoseconds") u32 get_time(u64 *ns);
ENV("proxy_set_tick_period_milliseconds") u32 set_tick_period(u32 ms);
ENV("proxy_define_metric") u32 define_metric(u32 type, const char *name, u32 n, u32 *id);
ENV("proxy_increment_metric") u32 increment_metric(u32 id, long long by);
ENV("proxy_record_metric") u32 record_metric(u32 id, u64 value);
ENV("proxy_get_metric") u32 get_metric(u32 id, u64 *value);
ENV("proxy_get_shared_data") u32 get_data(const char *k, u32 kn, char **v, u32 *vn, u32 *cas);
ENV("proxy_set_shared_data") u32 set_data(const char *k, u32 kn, const char *v, u32 vn, u32 cas);
ENV("proxy_register_shared_queue") u32 register_queue(const char *name, u32 n, u32 *id);
ENV("proxy_resolve_shared_queue") u32 resolve_queue(const char *vm, u32 vn, const char *name, u32 n, u32 *id);
ENV("proxy_enqueue_shared_queue") u32 enqueue(u32 id, const char *p, u32 n);
ENV("proxy_dequeue_shared_queue") u32 dequeue(u32 id, char **p, u32 *n);
ENV("proxy_http_call")
u32 http_call(const char *cluster, u32 cn, const char *headers, u32 hn, const char *body, u32 bn, const char *trailers, u32 tn, u32 ms, u32 *token);
ENV("proxy_grpc_call")
u32 grpc_call(const char *service, u32 sn, const char *name, u32 nn, const char *method, u32 mn, const char *metadata, u32 dn, const char *message, u32 gn, u32 ms, u32 *token);
ENV("proxy_grpc_stream")
u32 grpc_stream(const char *service, u32 sn, const char *name, u32 nn, const char *method, u32 mn, const char *metadata, u32 dn, u32 *token);
ENV("proxy_grpc_send") u32 grpc_send(u32 token, const char *p, u32 n, u32 end);
ENV("proxy_grpc_cancel") u32 grpc_cancel(u32 token);
ENV("proxy_grpc_close") u32 grpc_close(u32 token);
ENV("proxy_call_foreign_function") u32 call_foreign(const char *name, u32 n, const char *p, u32 pn, char **r, u32 *rn);
WASI("fd_write") u32 fd_write(u32 fd, const void *iovs, u32 count, u32 *written);
WASI("environ_get") u32 environ_get(char **list, char *data);
WASI("environ_sizes_get") u32 environ_sizes_get(u32 *count, u32 *size);
WASI("clock_time_get") u32 clock_time_get(u32 id, u64 precision, u64 *ns);
WASI("random_get") u32 random_get(void *p, u32 n);
WASI("fd_fdstat_get") u32 fd_fdstat_get(u32 fd, void *stat);
WASI("fd_prestat_get") u32 fd_prestat_get(u32 fd, void *stat);
WASI("path_open")
u32 path_open(u32 fd, u32 flags, const char *p, u32 n, u32 oflags, u64 rights, u64 inherit, u32 fdflags, u32 *out);
WASI("proc_exit") _Noreturn void proc_exit(u32 code);

void *memcpy(void *to, const void *from, unsigned long n) {
  for (unsigned long i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i];
  return to;
}
void *memset(void *to, int c, unsigned long n) {
  for (unsigned long i = 0; i < n; i++) ((char *)to)[i] = (char)c;
  return to;
}

// What the host allocates lives until the callback returns; the configuration
// is copied.
static char heap[4 << 20] __attribute__((aligned(8)));
static u32 heap_used;
EXPORT("proxy_on_memory_allocate") void *allocate(u32 n) {
  n = (n + 7) & ~7u;
  if (n > sizeof heap - heap_used) return 0;
  char *p = heap + heap_used;
  heap_used += n;
  return p;
}

#ifdef ABI_0_1_0
EXPORT("proxy_abi_version_0_1_0") void abi(void) {}
#else
EXPORT("proxy_abi_version_0_2_1") void abi(void) {}
#endif
EXPORT("_initialize") void initialize(void) {}

typedef struct { const char *p; u32 n; } str;
#define STR(s) ((str){s, sizeof(s) - 1})

static int equal(str a, str b) {
  if (a.n != b.n) return 0;
  for (u32 i = 0; i < a.n; i++) if (a.p[i] != b.p[i]) return 0;
  return 1;
}
static int begins(str s, str with) { return s.n >= with.n && equal((str){s.p, with.n}, with); }

// The line that is being logged.
static char out[1 << 17];
static u32 out_n;
static void put(str s) { for (u32 i = 0; i < s.n && out_n < sizeof out; i++) out[out_n++] = s.p[i]; }
static void put_number(u64 v) {
  char b[20];
  u32 n = 0;
  do b[n++] = '0' + v % 10; while (v /= 10);
  while (n) put((str){&b[--n], 1});
}
static void blank(void) { put(STR(" ")); }

// The script.
static char script[1 << 18];
static u32 script_n;
static void load(u32 buffer, u32 size) {
  char *p = 0;
  u32 n = 0;
  if (size == 0 || get_buffer(buffer, 0, size, &p, &n) != 0) return;
  for (u32 i = 0; i < n && script_n < sizeof script - 1; i++) script[script_n++] = p[i];
  script[script_n++] = '\n';
}

// A word up to the blank, and the rest of the line.
static str word(str *line) {
  u32 i = 0;
  while (i < line->n && line->p[i] != ' ') i++;
  str w = {line->p, i};
  if (i < line->n) i++;
  line->p += i;
  line->n -= i;
  return w;
}
static u32 hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }
static str plain(str s) {
  char *to = allocate(s.n + 1);
  u32 n = 0;
  for (u32 i = 0; i < s.n; i++) {
    if (s.p[i] != '\\' || i + 1 == s.n) { to[n++] = s.p[i]; continue; }
    switch (s.p[++i]) {
      case 'n': to[n++] = '\n'; break;
      case '0': to[n++] = 0; break;
      case 's': to[n++] = ' '; break;
      case 'x':
        if (i + 2 < s.n) { to[n++] = hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]); i += 2; }
        break;
      default: to[n++] = s.p[i];
    }
  }
  return (str){to, n};
}

// The callback that is running, and the variables.
static str callback;
static u32 context_id, arg1, arg2, arg3, arg4, result, last_id, variables[26];

static u32 number(str s) {
  u32 v = 0, i = 0, minus = s.n && s.p[0] == '-';
  if (s.n == 2 && s.p[0] == '$') switch (s.p[1]) {
    case '_': return last_id;
    case 'i': return context_id;
    case '1': return arg1;
    case '2': return arg2;
    default: return variables[(s.p[1] - 'a') % 26u];
  }
  for (i = minus; i < s.n; i++) v = v * 10 + (s.p[i] - '0');
  return minus ? -v : v;
}
static u32 map_of(str s) {
  if (equal(s, STR("request"))) return 0;
  if (equal(s, STR("request_trailers"))) return 1;
  if (equal(s, STR("response"))) return 2;
  if (equal(s, STR("response_trailers"))) return 3;
  return number(s);
}

// Streams by their id: the :path they had.
#define STREAMS 256
static char paths[STREAMS][128];
static u32 path_n[STREAMS];

// Headers of the next reply, and headers and trailers of the next call, as pair
// lists in the making.
static str reply_names[32], reply_values[32], call_names[32], call_values[32], trailer_names[32], trailer_values[32];
static u32 reply_n, call_n, trailer_n;

static str pack(const str *names, const str *values, u32 count) {
  u32 size = 4;
  for (u32 i = 0; i < count; i++) size += 10 + names[i].n + values[i].n;
  char *p = allocate(size), *at = p + 4 + 8 * count;
  ((u32 *)p)[0] = count;
  for (u32 i = 0; i < count; i++) {
    ((u32 *)p)[1 + 2 * i] = names[i].n;
    ((u32 *)p)[2 + 2 * i] = values[i].n;
    memcpy(at, names[i].p, names[i].n);
    at += names[i].n;
    *at++ = 0;
    memcpy(at, values[i].p, values[i].n);
    at += values[i].n;
    *at++ = 0;
  }
  return (str){p, size};
}

static void put_pairs(str list) {
  if (list.n < 4) return;
  u32 count = ((u32 *)list.p)[0];
  const char *at = list.p + 4 + 8 * count;
  for (u32 i = 0; i < count; i++) {
    u32 kn = ((u32 *)list.p)[1 + 2 * i], vn = ((u32 *)list.p)[2 + 2 * i];
    if (i) put(STR("|"));
    put((str){at, kn});
    put(STR("="));
    put((str){at + kn + 1, vn});
    at += kn + vn + 2;
  }
}

static void write_to(u32 fd, str text) {
  u32 written;
  fd_write(fd, &text, 1, &written);
}

static void environment(void) {
  u32 count = 0, size = 0;
  put_number(environ_sizes_get(&count, &size));
  char **list = allocate(4 * count + 4);
  char *data = allocate(size + 1);
  environ_get(list, data);
  for (u32 i = 0; i < count; i++) {
    u32 n = 0;
    while (list[i][n]) n++;
    blank();
    put((str){list[i], n});
  }
}

static void try_wasi(void) {
  u64 ns = 0, stat[3] = {9, 9, 9};
  u32 fd, e = clock_time_get(0, 1, &ns);
  put_number(e);
  put(ns > 1000000000000000000ull ? STR(" now") : STR(" zero"));
  blank(); put_number(clock_time_get(1, 1, &ns));
  blank(); put_number(clock_time_get(2, 1, &ns));
  blank(); put_number(random_get(stat, 8));
  blank(); put_number(random_get(heap, 65537));
  blank(); put_number(fd_fdstat_get(1, stat));
  blank(); put_number(stat[0]);
  blank(); put_number(stat[1]);
  blank(); put_number(fd_fdstat_get(3, stat));
  blank(); put_number(fd_prestat_get(3, stat));
  blank(); put_number(path_open(3, 0, "x", 1, 0, 0, 0, 0, &fd));
  blank(); put_number(fd_write(3, 0, 0, &fd));
}

static void bad_pointers(void) {
  char *v;
  u32 n;
  put_number(get_property((char *)0xfffffff0u, 32, &v, &n)); blank();
  put_number(get_property("plugin_name", 11, (char **)0xfffffffcu, &n)); blank();
  put_number(proxy_log(2, (char *)0x10, 0xffffffffu)); blank();
  put_number(proxy_log(9, "x", 1)); blank();
  put_number(add_value(0, (char *)0xfffffff0u, 1, "v", 1)); blank();
  put_number(set_pairs(0, (char *)0xfffffff0u, 99)); blank();
  put_number(send_local_response(200, 0, 0, (char *)0xfffffff0u, 99, 0, 0, -1)); blank();
  put_number(fd_write(1, (void *)0xfffffff0u, 9, &n));
}

static volatile u32 spent;

// Runs one action. Returns 1 when its line in out is to be logged.
static int act(str action, str rest) {
  str whole = rest, first = word(&rest);
  u32 status, n = 0, m = 0;
  char *p = 0;
#define IS(name) equal(action, STR(name))
#define QUIET(call) status = (call); put_number(status); return status != 0
#define RESULT(call) put_number(status = (call)); blank(); if (status == 0) put((str){p, n}); return 1
#define PLAIN(call) put_number(call); return 1
  if (IS("return")) { result = number(first); return 0; }
  if (IS("log")) { str t = plain(rest); proxy_log(number(first), t.p, t.n); return 0; }
  if (IS("trap")) __builtin_trap();
  if (IS("outofbounds")) return *(volatile int *)0xfffffff0u;
  if (IS("exit")) proc_exit(number(first));
  if (IS("spend")) { for (u32 i = number(first); i; i--) spent = spent * 1664525u + i; return 0; }
  if (IS("stdout")) { write_to(1, plain(whole)); return 0; }
  if (IS("stderr")) { write_to(2, plain(whole)); return 0; }
  if (IS("replyheader")) {
    if (reply_n < 32) { reply_names[reply_n] = plain(first); reply_values[reply_n++] = plain(rest); }
    return 0;
  }
  if (IS("keep")) { variables[(first.p[0] - 'a') % 26u] = last_id; return 0; }
  if (IS("callheader")) {
    if (call_n < 28) { call_names[call_n] = plain(first); call_values[call_n++] = plain(rest); }
    return 0;
  }
  if (IS("calltrailer")) {
    if (trailer_n < 32) { trailer_names[trailer_n] = plain(first); trailer_values[trailer_n++] = plain(rest); }
    return 0;
  }
  put(callback); blank(); put(action);
  if (first.n) { blank(); put(first); }
  put(STR(": "));
  if (IS("get")) { str k = plain(word(&rest)); RESULT(get_value(map_of(first), k.p, k.n, &p, &n)); }
  if (IS("add")) { str k = plain(word(&rest)), v = plain(rest); QUIET(add_value(map_of(first), k.p, k.n, v.p, v.n)); }
  if (IS("replace")) { str k = plain(word(&rest)), v = plain(rest); QUIET(replace_value(map_of(first), k.p, k.n, v.p, v.n)); }
  if (IS("remove")) { str k = plain(rest); QUIET(remove_value(map_of(first), k.p, k.n)); }
  if (IS("pairs")) {
    put_number(status = get_pairs(map_of(first), &p, &n)); blank();
    if (status == 0) put_pairs((str){p, n});
    return 1;
  }
  if (IS("setpairs")) {
    str names[64], values[64];
    while (rest.n && m < 64) {
      str pair = word(&rest);
      u32 i = 0;
      while (i < pair.n && pair.p[i] != '=') i++;
      names[m] = plain((str){pair.p, i});
      values[m++] = i < pair.n ? plain((str){pair.p + i + 1, pair.n - i - 1}) : (str){0, 0};
    }
    str list = pack(names, values, m);
    QUIET(set_pairs(map_of(first), list.p, list.n));
  }
  if (IS("setraw")) { str t = plain(rest); PLAIN(set_pairs(map_of(first), t.p, t.n)); }
  if (IS("size")) { put_number(get_size(map_of(first), &n)); blank(); put_number(n); return 1; }
  if (IS("body")) { u32 start = number(word(&rest)), len = number(rest); RESULT(get_buffer(number(first), start, len, &p, &n)); }
  if (IS("bufstatus")) { put_number(get_buffer_status(number(first), &n, &m)); blank(); put_number(n); blank(); put_number(m); return 1; }
  if (IS("setbody")) {
    u32 start = number(word(&rest)), len = number(word(&rest));
    str t = plain(rest);
    QUIET(set_buffer(number(first), start, len, t.p, t.n));
  }
  if (IS("property") || IS("number") || IS("setproperty")) {
    str path = plain(first);
    for (u32 i = 0; i < path.n; i++) if (path.p[i] == '.') ((char *)path.p)[i] = 0;
    if (IS("setproperty")) { str v = plain(rest); QUIET(set_property(path.p, path.n, v.p, v.n)); }
    if (IS("property")) { RESULT(get_property(path.p, path.n, &p, &n)); }
    put_number(status = get_property(path.p, path.n, &p, &n)); blank();
    if (status == 0 && n == 8) { u64 v; memcpy(&v, p, 8); put_number(v); }
    return 1;
  }
  if (IS("reply") || IS("grpcreply")) {
    str second = plain(word(&rest)), body = plain(rest), list = pack(reply_names, reply_values, reply_n);
    u32 code = number(first), count = reply_n;
    reply_n = 0;
    if (!count) list.n = 0;
    if (IS("reply")) { PLAIN(send_local_response(code, second.p, second.n, body.p, body.n, list.p, list.n, -1)); }
    PLAIN(send_local_response(code, 0, 0, body.p, body.n, list.p, list.n, number(second)));
  }
  if (IS("continue")) { PLAIN(continue_stream(number(first))); }
  if (IS("close")) { PLAIN(close_stream(number(first))); }
  if (IS("effective")) { PLAIN(set_effective_context(number(first))); }
  if (IS("finish")) { PLAIN(proxy_done()); }
  if (IS("status")) {
    put_number(get_status(&m, &p, &n)); blank(); put_number(m); blank(); put_number(n);
    if (n) { blank(); put((str){p, n}); }
    return 1;
  }
  if (IS("time")) { u64 ns = 0; put_number(get_time(&ns)); put(ns ? STR(" now") : STR(" zero")); return 1; }
  if (IS("loglevel")) { put_number(proxy_get_log_level(&n)); blank(); put_number(n); return 1; }
  if (IS("info")) { put_number(context_id); blank(); put_number(arg1); blank(); put_number(arg2);
    if (arg3 | arg4) { blank(); put_number(arg3); blank(); put_number(arg4); }
    return 1;
  }
  if (IS("period")) { PLAIN(set_tick_period(number(first))); }
#define ID(call) put_number(status = (call)); blank(); put_number(last_id); return 1
  if (IS("define")) { str name = plain(rest); ID(define_metric(number(first), name.p, name.n, &last_id)); }
  if (IS("increment") || IS("record")) {
    str text = rest;
    u32 minus = text.n && text.p[0] == '-';
    long long by = 0;
    if (text.n && text.p[0] == '$') by = number(text);
    else for (u32 i = minus; i < text.n; i++) by = by * 10 + (text.p[i] - '0');
    if (minus) by = -by;
    if (IS("increment")) { PLAIN(increment_metric(number(first), by)); }
    PLAIN(record_metric(number(first), by));
  }
  if (IS("metric")) { u64 v = 0; put_number(get_metric(number(first), &v)); blank(); put_number(v); return 1; }
  if (IS("getdata")) {
    str k = plain(first);
    put_number(status = get_data(k.p, k.n, &p, &n, &last_id)); blank();
    if (status == 0) { put((str){p, n}); blank(); put_number(last_id); }
    return 1;
  }
  if (IS("setdata")) { str k = plain(first); u32 cas = number(word(&rest)); str v = plain(rest); PLAIN(set_data(k.p, k.n, v.p, v.n, cas)); }
  if (IS("register")) { str name = plain(first); ID(register_queue(name.p, name.n, &last_id)); }
  if (IS("resolve")) {
    str vm = equal(first, STR("-")) ? (str){0, 0} : plain(first), name = plain(rest);
    ID(resolve_queue(vm.p, vm.n, name.p, name.n, &last_id));
  }
  if (IS("enqueue")) { str t = plain(rest); PLAIN(enqueue(number(first), t.p, t.n)); }
  if (IS("dequeue")) { RESULT(dequeue(number(first), &p, &n)); }
  if (IS("foreign")) { str name = plain(first), t = plain(rest); RESULT(call_foreign(name.p, name.n, t.p, t.n, &p, &n)); }
  if (IS("call") || IS("barecall") || IS("grpc") || IS("stream")) {
    str cluster = plain(first), names[32], values[32];
    u32 count = 0, ms = IS("stream") ? 0 : number(word(&rest));
    if (IS("call")) {
      const str pseudo[] = {STR(":method"), STR(":authority"), STR(":path")};
      for (; count < 3; count++) { names[count] = pseudo[count]; values[count] = plain(word(&rest)); }
    }
    for (u32 i = 0; i < call_n; i++, count++) { names[count] = call_names[i]; values[count] = call_values[i]; }
    str headers = pack(names, values, count), trailers = pack(trailer_names, trailer_values, trailer_n);
    if (!trailer_n) trailers.n = 0;
    call_n = trailer_n = 0;
    if (IS("call") || IS("barecall")) {
      str body = plain(rest);
      ID(http_call(cluster.p, cluster.n, headers.p, headers.n, body.p, body.n, trailers.p, trailers.n, ms, &last_id));
    }
    if (!count) headers.n = 0;
    str service = plain(word(&rest)), method = plain(word(&rest)), message = plain(rest);
    if (IS("stream")) { ID(grpc_stream(cluster.p, cluster.n, service.p, service.n, method.p, method.n, headers.p, headers.n, &last_id)); }
    ID(grpc_call(cluster.p, cluster.n, service.p, service.n, method.p, method.n, headers.p, headers.n, message.p, message.n, ms, &last_id));
  }
  if (IS("send")) { u32 end = number(word(&rest)); str t = plain(rest); PLAIN(grpc_send(number(first), t.p, t.n, end)); }
  if (IS("cancel")) { PLAIN(grpc_cancel(number(first))); }
  if (IS("end")) { PLAIN(grpc_close(number(first))); }
#ifdef ABI_0_1_0
  if (IS("config")) { RESULT(get_configuration(&p, &n)); }
  if (IS("route")) { PLAIN(clear_route_cache()); }
#endif
  if (IS("env")) { environment(); return 1; }
  if (IS("wasi")) { try_wasi(); return 1; }
  if (IS("badpointer")) { bad_pointers(); return 1; }
  put(STR("unknown action"));
  return 1;
}

static int counts(str when, int stream, u32 times) {
  u32 at = 0;
  while (at < when.n && when.p[at] != '@' && when.p[at] != '#' && when.p[at] != '=') at++;
  str name = {when.p, at};
  if (!equal(name, callback) && !(stream && equal(name, STR("*")))) return 0;
  if (at == when.n) return 1;
  u32 i = context_id % STREAMS;
  if (when.p[at] == '#') return times == number((str){when.p + at + 1, when.n - at - 1});
  if (when.p[at] == '=') return arg1 == number((str){when.p + at + 1, when.n - at - 1});
  return begins((str){paths[i], path_n[i]}, (str){when.p + at + 1, when.n - at - 1});
}

// How often each callback was called.
static str counted[32];
static u32 counts_n, count_of[32];
static u32 count(str name) {
  u32 i = 0;
  while (i < counts_n && !equal(counted[i], name)) i++;
  if (i == counts_n && counts_n < 32) counted[counts_n++] = name;
  return i < 32 ? ++count_of[i] : 0;
}

static u32 run(str name, int stream, u32 id, u32 a1, u32 a2, u32 otherwise) {
  u32 times = count(name);
  callback = name;
  context_id = id;
  arg1 = a1;
  arg2 = a2;
  result = otherwise;
  for (u32 start = 0; start < script_n;) {
    u32 end = start;
    while (end < script_n && script[end] != '\n') end++;
    str line = {script + start, end - start};
    start = end + 1;
    if (line.n == 0 || line.p[0] == '#') continue;
    str when = word(&line);
    if (!counts(when, stream, times)) continue;
    str action = word(&line);
    out_n = 0;
    if (act(action, line)) proxy_log(2, out, out_n);
  }
  heap_used = 0;
  reply_n = call_n = trailer_n = arg3 = arg4 = 0;
  return result;
}
#define STREAM(name, a1, a2, otherwise) run(STR(name), 1, id, a1, a2, otherwise)

EXPORT("proxy_on_context_create") void on_context_create(u32 id, u32 parent) {
  if (parent) { path_n[id % STREAMS] = 0; STREAM("context", parent, 0, 0); return; }
  u32 size = 0, flags;
  get_buffer_status(6, &size, &flags);
  load(6, size);
  run(STR("root"), 0, id, parent, 0, 0);
}
EXPORT("proxy_on_vm_start") u32 on_vm_start(u32 id, u32 size) { return run(STR("vm_start"), 0, id, size, 0, 1); }
EXPORT("proxy_on_configure") u32 on_configure(u32 id, u32 size) {
  load(7, size);
  return run(STR("configure"), 0, id, size, 0, 1);
}
static u32 request_headers(u32 id, u32 n, u32 end) {
  char *p = 0;
  u32 i = id % STREAMS, size = 0;
  if (get_value(0, ":path", 5, &p, &size) == 0) {
    path_n[i] = size < sizeof paths[0] ? size : sizeof paths[0];
    memcpy(paths[i], p, path_n[i]);
  }
  return STREAM("request_headers", n, end, 0);
}
#ifdef ABI_0_1_0
EXPORT("proxy_on_request_headers") u32 on_request_headers(u32 id, u32 n) { return request_headers(id, n, 0); }
EXPORT("proxy_on_response_headers") u32 on_response_headers(u32 id, u32 n) { return STREAM("response_headers", n, 0, 0); }
#else
EXPORT("proxy_on_request_headers") u32 on_request_headers(u32 id, u32 n, u32 end) { return request_headers(id, n, end); }
EXPORT("proxy_on_response_headers") u32 on_response_headers(u32 id, u32 n, u32 end) { return STREAM("response_headers", n, end, 0); }
#endif
EXPORT("proxy_on_request_body") u32 on_request_body(u32 id, u32 n, u32 end) { return STREAM("request_body", n, end, 0); }
EXPORT("proxy_on_request_trailers") u32 on_request_trailers(u32 id, u32 n) { return STREAM("request_trailers", n, 0, 0); }
EXPORT("proxy_on_response_body") u32 on_response_body(u32 id, u32 n, u32 end) { return STREAM("response_body", n, end, 0); }
EXPORT("proxy_on_response_trailers") u32 on_response_trailers(u32 id, u32 n) { return STREAM("response_trailers", n, 0, 0); }
EXPORT("proxy_on_log") void on_log(u32 id) { STREAM("log", 0, 0, 0); }
EXPORT("proxy_on_done") u32 on_done(u32 id) { return id == 1 ? run(STR("root_done"), 0, id, 0, 0, 1) : STREAM("done", 0, 0, 1); }
EXPORT("proxy_on_delete") void on_delete(u32 id) { id == 1 ? run(STR("root_delete"), 0, id, 0, 0, 0) : STREAM("delete", 0, 0, 0); }
EXPORT("proxy_on_tick") void on_tick(u32 id) { run(STR("tick"), 0, id, 0, 0, 0); }
EXPORT("proxy_on_queue_ready") void on_queue_ready(u32 id, u32 queue) { run(STR("queue"), 0, id, queue, 0, 0); }
EXPORT("proxy_on_http_call_response") void on_http_call_response(u32 id, u32 token, u32 headers, u32 body, u32 trailers) {
  arg3 = body;
  arg4 = trailers;
  run(STR("http_response"), 0, id, token, headers, 0);
}
EXPORT("proxy_on_grpc_receive_initial_metadata") void on_grpc_initial(u32 id, u32 token, u32 n) { run(STR("grpc_initial"), 0, id, token, n, 0); }
EXPORT("proxy_on_grpc_receive") void on_grpc_receive(u32 id, u32 token, u32 n) { run(STR("grpc_message"), 0, id, token, n, 0); }
EXPORT("proxy_on_grpc_receive_trailing_metadata") void on_grpc_trailing(u32 id, u32 token, u32 n) { run(STR("grpc_trailing"), 0, id, token, n, 0); }
EXPORT("proxy_on_grpc_close") void on_grpc_close(u32 id, u32 token, u32 status) { run(STR("grpc_close"), 0, id, token, status, 0); }
EXPORT("proxy_on_foreign_function") void on_foreign(u32 id, u32 function, u32 n) { run(STR("foreign"), 0, id, function, n, 0); }
