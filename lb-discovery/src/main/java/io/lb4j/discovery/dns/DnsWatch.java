package io.lb4j.discovery.dns;

import io.lb4j.Scheduler;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Bulletin;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.Watchers;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/** Asks for one service again and again. One question or one timer is under way at any time. Thread-safe. */
final class DnsWatch implements ServiceWatches.Running {
    private final String name;
    private final Settings settings;
    private final Targets targets;
    private final Bulletin bulletin;

    /** Written by who has the turn. */
    private int failures;

    /** The rest is guarded by this. */
    private Scheduler.@Nullable Task timer;

    private boolean closed;

    /** What all watches of one discovery share. */
    record Settings(
            DnsResolver resolver,
            Targets.Rules rules,
            ExecutorService workers,
            Scheduler scheduler,
            Duration minTtl,
            Duration maxTtl,
            Backoff backoff) {}

    DnsWatch(String service, String name, Settings settings) {
        this.name = name;
        this.settings = settings;
        this.targets = new Targets(settings.resolver, settings.workers, settings.rules);
        this.bulletin = new Bulletin(settings.resolver.toString(), service);
    }

    @Override
    public Watchers watchers() {
        return bulletin.watchers();
    }

    @Override
    public synchronized void start() {
        if (!closed) {
            settings.workers.execute(this::ask);
        }
    }

    private void ask() {
        Duration next;
        try {
            next = tell(targets.find(name));
            failures = 0;
        } catch (IOException | RuntimeException e) {
            failures++;
            next = settings.backoff.delay(failures);
            if (!isClosed()) {
                bulletin.trouble(new IOException(
                        e instanceof IOException
                                ? "DNS " + e.getMessage()
                                : settings.resolver + ": answered something odd: " + e,
                        e));
            }
        }
        synchronized (this) {
            if (!closed) {
                timer = settings.scheduler.schedule(this::start, next);
            }
        }
    }

    /** Returns how long that holds. */
    private Duration tell(Targets.Found found) {
        if (!isClosed()) {
            if (found.unknown()) {
                bulletin.unknown("the name " + name + " doesn't exist");
            } else {
                bulletin.instances(found.instances(), found.complaints());
            }
        }
        Duration ttl = Duration.ofSeconds(found.ttlSeconds());
        Duration bounded = ttl.compareTo(settings.maxTtl) > 0 ? settings.maxTtl : ttl;
        Duration held = bounded.compareTo(settings.minTtl) < 0 ? settings.minTtl : bounded;
        // A cache's answer ends for all its clients at once, who should not come back at once.
        return held.plus(settings.backoff.early(held.dividedBy(10), 0));
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (timer != null) {
            timer.cancel();
        }
        bulletin.watchers().close();
    }
}
