package io.lb4j.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Bulletin;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Questions;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.Watchers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import okhttp3.Headers;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * The endless question for one service: what has changed since index N? One request or one timer is under way at any
 * time. Thread-safe.
 */
final class RegistryWatch implements JsonCalls.Handler, ServiceWatches.Running {
    /** A storm of changes is asked for this often, and each answer has all of them. */
    private static final Duration BREATH = Duration.ofMillis(10);

    private final String service;
    private final Settings settings;
    private final Questions questions;
    private final Bulletin bulletin;

    /** Who has the turn writes these: one request or timer at a time. */
    private @Nullable Position position;

    private List<ServiceInstance> beforeRestart = List.of();
    private int hasty;
    private long askedAt;

    /**
     * What all watches of one discovery share.
     *
     * @param margin what an answer may take beyond the wait that was asked for
     */
    record Settings(
            JsonCalls calls, Scheduler scheduler, Ticker ticker, Duration waitTime, Duration margin, Backoff backoff) {}

    private record Position(String epoch, long index) {}

    RegistryWatch(String service, Settings settings) {
        this.service = service;
        this.settings = settings;
        this.questions = new Questions(settings.scheduler, settings.backoff);
        this.bulletin = new Bulletin(settings.calls.toString(), service);
    }

    @Override
    public Watchers watchers() {
        return bulletin.watchers();
    }

    @Override
    public void start() {
        ask();
    }

    private void ask() {
        Map<String, String> query = new LinkedHashMap<>();
        Duration wait = Duration.ZERO;
        // After a failure the first question is one that is answered at once, to know sooner whether all is well again.
        if (position != null && !questions.isFailing()) {
            query.put("index", Long.toString(position.index));
            query.put("epoch", position.epoch);
            query.put("wait", settings.waitTime.toMillis() + "ms");
            wait = settings.waitTime;
        }
        Request.Builder request = new Request.Builder().url(settings.calls.path(RegistryRules.PATH, query, service));
        Duration timeout = wait.plus(settings.margin);
        askedAt = settings.ticker.nanos();
        questions.ask(() -> settings.calls.ask(request, timeout, this)::cancel);
    }

    @Override
    public void answered(int status, Headers headers, JsonNode body) {
        if (!body.path("epoch").isTextual()
                || !body.path("index").isIntegralNumber()
                || !(status == 404 || (status == 200 && body.path("instances").isArray()))) {
            failed(settings.calls.unexpected(status, body));
            return;
        }
        Position before = position;
        Position now =
                new Position(body.path("epoch").asText(), body.path("index").asLong());
        boolean complete = body.path("complete").asBoolean(true);
        if (before != null && !before.epoch.equals(now.epoch)) {
            List<ServiceInstance> last = bulletin.lastInstances();
            beforeRestart = last == null ? List.of() : last;
        }
        if (complete) {
            beforeRestart = List.of();
        }
        position = now;
        questions.succeeded();
        // A registry that doesn't hold requests, or sits behind something that doesn't, must not be asked in a busy
        // loop.
        boolean held = settings.ticker.nanos() - askedAt > settings.waitTime.toNanos() / 2;
        hasty = held || !now.equals(before) ? 0 : hasty + 1;
        tell(status, body, complete);
        questions.in(hasty == 0 ? BREATH : settings.backoff.delay(hasty), this::ask);
    }

    private void tell(int status, JsonNode body, boolean complete) {
        if (status == 200) {
            List<String> complaints = new ArrayList<>();
            bulletin.instances(instances(body.path("instances"), complaints), complaints);
        } else if (complete) {
            bulletin.unknown(body.path("error").asText("no such service"));
        } else if (!beforeRestart.isEmpty()) {
            bulletin.instances(beforeRestart, List.of());
        } else {
            bulletin.trouble(
                    new IOException(settings.calls + ": has just started and does not know '" + service + "' yet"));
        }
    }

    /** What the answer lists, and while it is incomplete what was known before besides. */
    private List<ServiceInstance> instances(JsonNode list, List<String> complaints) {
        Map<String, ServiceInstance> byId = new LinkedHashMap<>();
        for (JsonNode node : list) {
            try {
                ServiceInstance instance = InstanceReader.lenient(node.traverse(), "an instance that is left out");
                if (byId.putIfAbsent(instance.id(), instance) != null) {
                    complaints.add("instance " + instance.id() + " is listed twice");
                }
            } catch (IOException e) {
                complaints.add(String.valueOf(e.getMessage()));
            }
        }
        Set<String> addresses =
                byId.values().stream().map(ServiceInstance::authority).collect(Collectors.toSet());
        for (ServiceInstance old : beforeRestart) {
            if (!addresses.contains(old.authority())) {
                byId.putIfAbsent(old.id(), old);
            }
        }
        return List.copyOf(byId.values());
    }

    @Override
    public void failed(IOException error) {
        if (!questions.isClosed()) {
            bulletin.trouble(error);
            questions.afterFailure(this::ask);
        }
    }

    @Override
    public void close() {
        questions.close();
        bulletin.watchers().close();
    }
}
