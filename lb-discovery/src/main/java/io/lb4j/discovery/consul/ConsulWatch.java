package io.lb4j.discovery.consul;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Bulletin;
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
import okhttp3.Headers;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * The blocking query for one service, again and again. One request or one timer is under way at any time. Thread-safe.
 *
 * <p>An index that is lower than the one before means that the servers have begun anew, and one of 0 that they have none:
 * then the next question waits for nothing. A question with an index that is too high would be held for its whole wait,
 * however much has changed.
 */
final class ConsulWatch implements JsonCalls.Handler, ServiceWatches.Running {
    /** A storm of changes is asked for this often, and each answer has all of them. */
    private static final Duration BREATH = Duration.ofMillis(10);

    private final String service;
    private final Settings settings;
    private final Questions questions;
    private final Bulletin bulletin;

    /** Who has the turn writes these: one request or timer at a time. */
    private long index;

    private long seen;

    private int hasty;
    private long askedAt;

    /**
     * What all watches of one discovery share.
     *
     * @param query what is asked besides index and wait
     * @param margin what an answer may take beyond the wait that was asked for
     */
    record Settings(
            JsonCalls calls,
            Scheduler scheduler,
            Ticker ticker,
            Map<String, String> query,
            List<String> tags,
            Duration waitTime,
            Duration margin,
            Backoff backoff) {}

    ConsulWatch(String service, Settings settings) {
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
        Map<String, String> query = new LinkedHashMap<>(settings.query);
        Duration wait = Duration.ZERO;
        // After a failure the first question is one that is answered at once, to know sooner whether all is well again.
        if (index > 0 && !questions.isFailing()) {
            query.put("index", Long.toString(index));
            query.put("wait", settings.waitTime.toMillis() + "ms");
            // The agent adds up to a sixteenth of the wait, so that not all ask again at once.
            wait = settings.waitTime.plus(settings.waitTime.dividedBy(16));
        }
        var url = settings.calls.path("v1/health/service", query, service).newBuilder();
        settings.tags.forEach(tag -> url.addQueryParameter("tag", tag));
        Duration timeout = wait.plus(settings.margin);
        askedAt = settings.ticker.nanos();
        questions.ask(() -> settings.calls.ask(new Request.Builder().url(url.build()), timeout, this)::cancel);
    }

    @Override
    public void answered(int status, Headers headers, JsonNode body) {
        if (status != 200 || !body.isArray()) {
            failed(settings.calls.unexpected(status, body));
            return;
        }
        long now = index(headers.get("X-Consul-Index"));
        boolean leaderless = "false".equals(headers.get("X-Consul-KnownLeader"));
        boolean filtered = "true".equals(headers.get("X-Consul-Results-Filtered-By-ACLs"));
        index = now < seen ? 0 : now;
        questions.succeeded();
        // An agent that doesn't hold requests, or sits behind something that doesn't, must not be asked in a busy loop.
        boolean held = settings.ticker.nanos() - askedAt > settings.waitTime.toNanos() / 2;
        // Nor must servers behind one address that disagree about the index, which then goes back every other time.
        if (held) {
            hasty = 0;
        } else if (now > seen) {
            hasty = Math.max(0, hasty - 1);
        } else {
            hasty += now < seen ? 2 : 1;
        }
        seen = now;
        List<String> complaints = new ArrayList<>();
        List<ServiceInstance> instances = ConsulEntries.read(body, complaints);
        if (leaderless && instances.isEmpty()) {
            bulletin.trouble(new IOException(settings.calls + ": its servers have no leader"));
        } else if (filtered && instances.isEmpty()) {
            bulletin.trouble(new IOException(
                    settings.calls + ": the token may not see what there is (expected: service:read and node:read)"));
        } else {
            bulletin.instances(instances, complaints);
        }
        questions.in(hasty == 0 ? BREATH : settings.backoff.delay(hasty), this::ask);
    }

    private static long index(@Nullable String header) {
        try {
            return header == null ? 0 : Math.max(0, Long.parseLong(header));
        } catch (NumberFormatException e) {
            return 0;
        }
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
