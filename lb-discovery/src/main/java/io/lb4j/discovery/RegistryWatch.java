package io.lb4j.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/**
 * The endless question for one service: what has changed since index N? One request or one timer is under way at any
 * time. Thread-safe.
 */
final class RegistryWatch implements RegistryCalls.Handler {
    static final Duration RETRY_BASE = Duration.ofMillis(100);
    static final Duration RETRY_MAX = Duration.ofSeconds(5);

    /** A storm of changes is asked for this often, and each answer has all of them. */
    private static final Duration BREATH = Duration.ofMillis(10);

    /** How many complaints about one answer a message has. */
    private static final int SHOWN = 5;

    private static final System.Logger LOG = System.getLogger(RegistryDiscovery.class.getName());

    private final String service;
    private final Settings settings;
    private final Watchers watchers;
    private final Troubles troubles = new Troubles();

    /** Who has the turn writes these: one request or timer at a time. */
    private @Nullable Position position;

    private List<ServiceInstance> beforeRestart = List.of();
    private int failures;
    private int hasty;
    private long askedAt;

    /** The rest is guarded by this. */
    private @Nullable Call call;

    private Scheduler.@Nullable Task timer;
    private boolean closed;

    /**
     * What all watches of one discovery share.
     *
     * @param margin what an answer may take beyond the wait that was asked for
     */
    record Settings(
            RegistryCalls calls,
            Scheduler scheduler,
            Ticker ticker,
            Duration waitTime,
            Duration margin,
            Backoff backoff) {}

    private record Position(String epoch, long index) {}

    RegistryWatch(String service, Settings settings) {
        this.service = service;
        this.settings = settings;
        this.watchers = new Watchers(service);
    }

    Watchers watchers() {
        return watchers;
    }

    void start() {
        ask();
    }

    private void ask() {
        Map<String, String> query = new LinkedHashMap<>();
        Duration timeout = settings.margin;
        // After a failure the first question is one that is answered at once, to know sooner whether all is well again.
        if (position != null && failures == 0) {
            query.put("index", Long.toString(position.index));
            query.put("epoch", position.epoch);
            query.put("wait", settings.waitTime.toMillis() + "ms");
            timeout = settings.waitTime.plus(settings.margin);
        }
        askedAt = settings.ticker.nanos();
        synchronized (this) {
            if (!closed) {
                call = settings.calls.ask("GET", settings.calls.path(query, service), null, timeout, this);
            }
        }
    }

    private synchronized void askIn(Duration delay) {
        if (!closed) {
            timer = settings.scheduler.schedule(this::ask, delay);
        }
    }

    @Override
    public void answered(int status, JsonNode body) {
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
            List<ServiceInstance> last = watchers.lastInstances();
            beforeRestart = last == null ? List.of() : last;
        }
        if (complete) {
            beforeRestart = List.of();
        }
        position = now;
        failures = 0;
        // A registry that doesn't hold requests, or sits behind something that doesn't, must not be asked in a busy
        // loop.
        boolean held = settings.ticker.nanos() - askedAt > settings.waitTime.toNanos() / 2;
        hasty = held || !now.equals(before) ? 0 : hasty + 1;
        tell(status, body, complete);
        askIn(hasty == 0 ? BREATH : settings.backoff.delay(hasty));
    }

    private void tell(int status, JsonNode body, boolean complete) {
        List<String> complaints = new ArrayList<>();
        if (status == 200) {
            List<ServiceInstance> instances = instances(body.path("instances"), complaints);
            // Nothing that can be understood isn't the same as nothing.
            if (!instances.isEmpty() || complaints.isEmpty()) {
                watchers.instances(instances);
            }
        } else if (complete) {
            watchers.unknown(settings.calls + " has no service '" + service + "': "
                    + body.path("error").asText("no such service"));
        } else if (!beforeRestart.isEmpty()) {
            watchers.instances(beforeRestart);
        } else {
            complaints.add("has just started and does not know '" + service + "' yet");
        }
        if (complaints.isEmpty() && troubles.clear()) {
            LOG.log(System.Logger.Level.INFO, service + ": " + settings.calls + " answers again");
        }
        if (!complaints.isEmpty()) {
            String rest = complaints.size() > SHOWN ? "; and " + (complaints.size() - SHOWN) + " more" : "";
            trouble(new IOException(
                    complaints.stream().limit(SHOWN).collect(Collectors.joining("; ", settings.calls + ": ", rest))));
        }
        watchers.flush();
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
        synchronized (this) {
            if (closed) {
                return;
            }
        }
        failures++;
        trouble(error);
        watchers.flush();
        askIn(settings.backoff.delay(failures));
    }

    private void trouble(IOException error) {
        if (troubles.add(String.valueOf(error.getMessage()))) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    service + ": " + error.getMessage()
                            + (watchers.lastInstances() == null
                                    ? "; no list is known"
                                    : "; the last good list stays in force"));
            watchers.error(error);
        }
    }

    synchronized void close() {
        closed = true;
        if (timer != null) {
            timer.cancel();
        }
        if (call != null) {
            call.cancel();
        }
        watchers.close();
    }
}
