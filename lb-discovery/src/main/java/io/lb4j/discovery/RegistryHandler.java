package io.lb4j.discovery;

import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.MalformedException;
import io.lb4j.discovery.internal.Names;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** The registry's REST interface over a {@link RegistryTable}; docs/discovery.md describes it. Thread-safe. */
final class RegistryHandler implements HttpHandler {
    private static final System.Logger LOG = System.getLogger(RegistryServer.class.getName());

    private final RegistryTable table;
    private final LongPolls polls;
    private final Workers workers;
    private final Ticker ticker;
    private final RequestGate gate;
    private final AddressPolicy addresses;

    /** The last answer for each service, since a change makes the same one for all its watchers. */
    private final Map<String, Rendered> rendered = new ConcurrentHashMap<>();

    private record Rendered(long index, boolean complete, Reply reply) {}

    private static final class Reply {
        final int status;
        final byte[] body;

        Reply(int status, InstanceWriter.Body body) {
            this.status = status;
            this.body = InstanceWriter.toBytes(body);
        }
    }

    RegistryHandler(
            RegistryTable table,
            LongPolls polls,
            Workers workers,
            Ticker ticker,
            RequestGate gate,
            AddressPolicy addresses) {
        this.table = table;
        this.polls = polls;
        this.workers = workers;
        this.ticker = ticker;
        this.gate = gate;
        this.addresses = addresses;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        Reply reply;
        try {
            gate.check(exchange);
            reply = route(exchange);
        } catch (Refusal e) {
            if (e.status() == 401) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
            }
            reply = error(e.status(), String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException | MalformedException e) {
            reply = error(400, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            exchange.close();
            return;
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "registry: " + exchange.getRequestURI() + " failed", e);
            reply = error(500, "the registry failed: " + e);
        }
        if (reply != null) {
            send(exchange, reply);
        }
    }

    private @Nullable Reply route(HttpExchange exchange) throws IOException, Refusal {
        RegistryRequest request = RegistryRequest.of(exchange.getRequestURI());
        List<String> path = request.path();
        if (path.size() < 2 || !path.get(0).equals("v1") || !path.get(1).equals("services")) {
            throw unknownPath(exchange);
        }
        if (path.size() == 2) {
            request.allow(exchange, Set.of("GET"), Set.of());
            return new Reply(200, this::list);
        }
        if (path.size() == 3) {
            request.allow(exchange, Set.of("GET"), Set.of("index", "epoch", "wait"));
            return watch(exchange, request);
        }
        if (path.size() >= 5 && path.get(3).equals("instances")) {
            if (path.size() == 5) {
                return instance(exchange, request);
            }
            if (path.size() == 6 && path.get(5).equals("heartbeat")) {
                request.allow(exchange, Set.of("PUT"), Set.of("lease"));
                return lease(table.renew(request.service(), request.id(), request.lease()), null);
            }
        }
        throw unknownPath(exchange);
    }

    private static Refusal unknownPath(HttpExchange exchange) {
        return new Refusal(
                404,
                "path: " + exchange.getRequestURI().getPath() + " (expected: /v1/services, /v1/services/{service}, "
                        + "/v1/services/{service}/instances/{id} or /v1/services/{service}/instances/{id}/heartbeat)");
    }

    private Reply instance(HttpExchange exchange, RegistryRequest request) throws IOException, Refusal {
        boolean put = exchange.getRequestMethod().equals("PUT");
        request.allow(exchange, Set.of("PUT", "DELETE"), put ? Set.of("ttl", "lease") : Set.of("lease"));
        String service = request.service();
        String id = request.id();
        String lease = request.lease();
        if (!put) {
            table.deregister(service, id, lease);
            wake(Set.of(service));
            return new Reply(200, json -> {
                json.writeStartObject();
                json.writeEndObject();
            });
        }
        Duration ttl = RegistryRules.ttl(request.duration("ttl", RegistryRules.DEFAULT_TTL));
        byte[] body = exchange.getRequestBody().readNBytes(RegistryRules.MAX_BODY_BYTES + 1);
        if (body.length > RegistryRules.MAX_BODY_BYTES) {
            throw new Refusal(413, "body: more bytes (expected: at most " + RegistryRules.MAX_BODY_BYTES + ")");
        }
        ServiceInstance instance = InstanceReader.instance(body, "body", id);
        addresses.check(instance.host(), exchange.getRemoteAddress().getAddress());
        String holder = lease != null ? lease : UUID.randomUUID().toString();
        if (table.register(service, new RegistryTable.Entry(instance, holder, ttl), body.length)) {
            wake(Set.of(service));
        }
        return lease(ttl, holder);
    }

    private static Reply lease(Duration ttl, @Nullable String lease) {
        return new Reply(200, json -> {
            json.writeStartObject();
            json.writeNumberField("ttlMillis", ttl.toMillis());
            if (lease != null) {
                json.writeStringField("lease", lease);
            }
            json.writeEndObject();
        });
    }

    private @Nullable Reply watch(HttpExchange exchange, RegistryRequest request) throws Refusal {
        String service = request.service();
        Long index = request.index();
        if (index == null || !table.isCurrent(service, index, request.epoch())) {
            return view(service);
        }
        Duration wait = request.duration("wait", RegistryRules.DEFAULT_WAIT);
        if (wait.compareTo(RegistryRules.MAX_WAIT) > 0) {
            wait = RegistryRules.MAX_WAIT;
        }
        LongPolls.Poll poll = new LongPolls.Poll(exchange, service, ticker.nanos() + wait.toNanos());
        if (!polls.hold(poll)) {
            throw new Refusal(503, "the registry holds " + polls.size() + " waiting requests (expected: no more)");
        }
        // What changed between the question above and the holding woke nobody.
        if (!table.isCurrent(service, index, request.epoch()) && polls.take(poll)) {
            return view(service);
        }
        return null;
    }

    /** Answers those who wait for a change of these services; null stands for all. */
    void wake(@Nullable Set<String> services) {
        answer(polls.takeChanged(services));
    }

    /** Answers those who have waited long enough. */
    void sweep() {
        answer(polls.takeDue(ticker.nanos()));
    }

    private void answer(List<LongPolls.Poll> taken) {
        for (LongPolls.Poll poll : taken) {
            try {
                workers.execute(() -> send(poll.exchange, view(poll.service)));
            } catch (RejectedExecutionException e) {
                poll.exchange.close();
            }
        }
    }

    private Reply view(String service) {
        RegistryTable.View view = table.view(service);
        List<ServiceInstance> instances = view.instances();
        if (instances == null) {
            return new Reply(404, json -> unknown(view, json));
        }
        Rendered last = rendered.get(service);
        if (last == null || last.index != view.index() || last.complete != view.complete()) {
            last = new Rendered(view.index(), view.complete(), new Reply(200, json -> known(view, instances, json)));
            rendered.put(service, last);
        }
        return last.reply;
    }

    private static void unknown(RegistryTable.View view, JsonGenerator json) throws IOException {
        head(view, json);
        json.writeStringField(
                "error",
                "unknown service " + view.service() + " (expected: " + Names.oneOf(new TreeSet<>(view.known())) + ")");
        json.writeEndObject();
    }

    private static void known(RegistryTable.View view, List<ServiceInstance> instances, JsonGenerator json)
            throws IOException {
        head(view, json);
        json.writeArrayFieldStart("instances");
        for (ServiceInstance instance : instances) {
            InstanceWriter.write(instance, json);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void head(RegistryTable.View view, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("service", view.service());
        json.writeStringField("epoch", view.epoch());
        json.writeNumberField("index", view.index());
        json.writeBooleanField("complete", view.complete());
    }

    private void list(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeObjectFieldStart("services");
        for (Map.Entry<String, Integer> service : table.counts().entrySet()) {
            json.writeNumberField(service.getKey(), service.getValue());
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static Reply error(int status, String message) {
        return new Reply(status, json -> {
            json.writeStartObject();
            json.writeStringField("error", message);
            json.writeEndObject();
        });
    }

    private static void send(HttpExchange exchange, Reply reply) {
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(reply.status, reply.body.length);
            exchange.getResponseBody().write(reply.body);
        } catch (IOException e) {
            // Whoever asked is gone.
            LOG.log(System.Logger.Level.TRACE, "registry: " + exchange.getRemoteAddress() + " went away", e);
        }
    }
}
