package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.decorator.LastKnownGoodDiscovery.Kept;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.Lane;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One service whose last good list is remembered. Thread-safe. */
final class LastKnownGoodRelay extends Relay implements Listener {
    private static final System.Logger LOG = System.getLogger(LastKnownGoodDiscovery.class.getName());

    private final Settings settings;

    /** Everything happens here, one thing after the other; no lock is held, so that listeners may be told. */
    private final Lane lane = new Lane();

    /** Whether it is known what the directory has, or no matter any more. */
    private boolean looked;

    private @Nullable Kept remembered;
    private @Nullable Said said;
    private @Nullable Throwable trouble;

    /** Whether the source has listed instances since this began. */
    private boolean stood;

    private Scheduler.@Nullable Task timer;

    record Settings(
            ServiceDiscovery source,
            Map<String, Kept> memory,
            @Nullable SavedLists saved,
            Duration maxAge,
            Duration patience,
            Scheduler scheduler,
            InstantSource clock) {}

    LastKnownGoodRelay(String service, Settings settings) {
        super(service);
        this.settings = settings;
    }

    @Override
    public void start() {
        lane.post(() -> {
            remembered = settings.memory.get(service);
            looked = settings.saved == null || remembered != null;
            timer(settings.patience, this::lateSource);
            if (settings.saved != null && !looked) {
                settings.saved.read(service, found -> lane.post(() -> found(found)));
            }
        });
        open(settings.source, this);
    }

    private void found(@Nullable SavedList list) {
        boolean late = looked;
        looked = true;
        if (!stood && list != null && isFresh(list)) {
            remembered = new Kept(list, false, true);
            settings.memory.putIfAbsent(service, remembered);
        }
        if (!stood && (!late || remembered != null)) {
            tellHeld();
        }
    }

    private boolean isFresh(SavedList list) {
        Duration age = Duration.between(list.asOf(), settings.clock.instant());
        if (age.compareTo(settings.maxAge) <= 0) {
            return true;
        }
        LOG.log(
                System.Logger.Level.WARNING,
                service + ": the saved list is of " + list.asOf() + " and not used (expected: not older than "
                        + Durations.spelled(settings.maxAge) + ")");
        return false;
    }

    @Override
    public void onInstances(List<ServiceInstance> instances) {
        Said now = Said.instances(instances);
        lane.post(() -> heard(now));
    }

    @Override
    public void onUnknownService(String detail) {
        Said now = Said.unknown(detail);
        lane.post(() -> heard(now));
    }

    private void heard(Said now) {
        said = now;
        trouble = null;
        List<ServiceInstance> instances = now.instances();
        if (instances != null && (now.hasInstances() || settings.source.vouchesForEmptyLists())) {
            keep(instances);
        } else {
            doubt();
        }
        if (looked) {
            tellRemembered();
            tellSaid(now);
        }
    }

    @Override
    public void onError(Throwable error) {
        lane.post(() -> {
            doubt();
            trouble = error;
            if (looked) {
                tellRemembered();
                tellTrouble(error);
            }
        });
    }

    /** The source stands by its list, of which it has left something out. */
    @Override
    public void onComplaint(Throwable complaint) {
        lane.post(() -> passOn(complaint));
    }

    /** The source stands by this list. */
    private void keep(List<ServiceInstance> instances) {
        stood = true;
        looked = true;
        SavedList list = new SavedList(service, settings.clock.instant(), instances);
        if (settings.memory.size() < LastKnownGoodDiscovery.MAX_SERVICES || settings.memory.containsKey(service)) {
            settings.memory.put(service, new Kept(list, true, false));
        }
        if (settings.saved != null) {
            settings.saved.write(list);
            timer(confirmation(), this::confirm);
        }
    }

    private Duration confirmation() {
        Duration half = settings.maxAge.dividedBy(2);
        return half.compareTo(LastKnownGoodDiscovery.CONFIRMATION) < 0 ? half : LastKnownGoodDiscovery.CONFIRMATION;
    }

    /** The source doesn't stand by its list any more; it did until now. */
    private void doubt() {
        Kept kept = settings.memory.get(service);
        if (kept != null && kept.current()) {
            SavedList until = asOfNow(kept.list());
            settings.memory.put(service, new Kept(until, false, false));
            if (settings.saved != null) {
                settings.saved.write(until);
            }
        }
    }

    private SavedList asOfNow(SavedList list) {
        return new SavedList(service, settings.clock.instant(), list.instances());
    }

    private void confirm() {
        Kept kept = settings.memory.get(service);
        if (kept != null && kept.current()) {
            keep(kept.list().instances());
        }
    }

    /** Nobody waits any longer, neither for the source nor for the directory. */
    private void lateSource() {
        if (stood || (looked && (said != null || trouble != null))) {
            return;
        }
        looked = true;
        if (said == null && trouble == null) {
            trouble = new IOException(settings.source + ": no answer within " + Durations.spelled(settings.patience));
        }
        tellHeld();
    }

    /** Tells what was heard while the directory was being read, and before it what that had. */
    private void tellHeld() {
        if (said != null || trouble != null) {
            tellRemembered();
        }
        if (said != null) {
            tellSaid(said);
        }
        if (trouble != null) {
            tellTrouble(trouble);
        }
    }

    private void tellRemembered() {
        Kept last = remembered;
        remembered = null;
        if (last != null && !stood) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    service + ": the list of " + last.list().instances().size() + " instances as of "
                            + last.list().asOf() + " is used, since none came from " + settings.source);
            tellSaid(Said.instances(last.list().instances()));
        }
    }

    private void tellSaid(Said what) {
        what.note(watchers());
        // Each by itself: what waits is replaced by what comes later.
        watchers().flush();
    }

    private void tellTrouble(Throwable error) {
        watchers().error(error);
        watchers().flush();
    }

    private void timer(Duration delay, Runnable task) {
        if (timer != null) {
            timer.cancel();
        }
        timer = isClosed() ? null : settings.scheduler.schedule(() -> lane.post(task), delay);
    }

    @Override
    public void close() {
        super.close();
        lane.post(() -> {
            doubt();
            if (timer != null) {
                timer.cancel();
            }
        });
    }
}
