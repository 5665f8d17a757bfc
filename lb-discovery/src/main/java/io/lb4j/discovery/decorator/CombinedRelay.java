package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Troubles;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What several sources say of one service, made one. Nothing is told before each source has answered or failed, or their
 * time to do so is over, so that a start doesn't begin with what the quickest one says. Thread-safe.
 */
final class CombinedRelay extends Relay {
    private final Settings settings;
    private final Troubles complaints = new Troubles();

    /** All guarded by this. */
    private final List<Side> sides = new ArrayList<>();

    private final Map<Object, Scheduler.Task> timers = new HashMap<>();
    private boolean patient = true;
    private @Nullable Said told;

    /**
     * What all combined relays of one discovery share.
     *
     * @param patience how long to wait at first for sources that haven't answered
     * @param lapse after how much trouble a side counts as {@linkplain Side#lapsed lapsed}; null for never
     */
    record Settings(
            List<ServiceDiscovery> sources,
            Function<List<Side>, Combined> combination,
            Scheduler scheduler,
            Duration patience,
            @Nullable Duration lapse,
            Served served) {}

    /** Told which source serves a service; quickly, with a lock held. */
    @FunctionalInterface
    interface Served {
        void by(String service, @Nullable ServiceDiscovery source);
    }

    /**
     * What there is to tell.
     *
     * @param said null if nothing is known
     * @param source whose list it is; null if it isn't one source's
     * @param complaints about parts that were left out
     */
    record Combined(@Nullable Said said, @Nullable ServiceDiscovery source, List<String> complaints) {}

    /** One source, as far as it was heard; guarded by the relay. */
    final class Side implements Listener {
        final ServiceDiscovery source;

        @Nullable
        Said said;

        @Nullable
        Throwable trouble;

        /** Whether it has been in trouble for so long that another one's list is better. */
        boolean lapsed;

        private int outages;

        private Side(ServiceDiscovery source) {
            this.source = source;
        }

        @Override
        public void onInstances(List<ServiceInstance> instances) {
            heard(this, Said.instances(instances));
        }

        @Override
        public void onUnknownService(String detail) {
            heard(this, Said.unknown(detail));
        }

        @Override
        public void onError(Throwable error) {
            failed(this, error);
        }

        /** It is well, and its list what it is. */
        @Override
        public void onComplaint(Throwable complaint) {
            passOn(complaint);
        }
    }

    CombinedRelay(String service, Settings settings) {
        super(service);
        this.settings = settings;
        settings.sources.forEach(source -> sides.add(new Side(source)));
    }

    @Override
    public void start() {
        later(this, settings.patience, () -> patient = false);
        RuntimeException refused = null;
        int watched = 0;
        for (Side side : sides) {
            try {
                open(side.source, side);
                watched++;
            } catch (RuntimeException e) {
                // A name that one of them can't have may be another one's.
                refused = e;
                failed(side, e);
            }
        }
        if (watched == 0 && refused != null) {
            throw refused;
        }
    }

    /** Does something to the state and tells what follows from it; there is one such timer for each subject. */
    private synchronized void later(Object subject, Duration delay, Runnable change) {
        if (isClosed()) {
            return;
        }
        Scheduler.Task task = settings.scheduler.schedule(
                () -> {
                    synchronized (this) {
                        change.run();
                        tell(false);
                    }
                    watchers().flush();
                },
                delay);
        Scheduler.Task before = timers.put(subject, task);
        if (before != null) {
            before.cancel();
        }
    }

    private void heard(Side side, Said said) {
        synchronized (this) {
            boolean recovered = side.trouble != null;
            side.said = said;
            side.trouble = null;
            side.lapsed = false;
            tell(recovered);
        }
        watchers().flush();
    }

    private void failed(Side side, Throwable error) {
        synchronized (this) {
            Throwable before = side.trouble;
            side.trouble = error;
            if (before == null && settings.lapse != null) {
                awaitLapse(side, settings.lapse);
            }
            tell(false);
            watchers().error(error);
        }
        watchers().flush();
    }

    private void awaitLapse(Side side, Duration lapse) {
        int mine = ++side.outages;
        later(side, lapse, () -> side.lapsed = side.trouble != null && mine == side.outages);
    }

    private void tell(boolean recovered) {
        if (patient && sides.stream().anyMatch(side -> side.said == null && side.trouble == null)) {
            return;
        }
        patient = false;
        Combined combined = settings.combination.apply(sides);
        settings.served.by(service, combined.source);
        Said said = combined.said;
        if (said != null && (recovered || !said.equals(told))) {
            told = said;
            said.note(watchers());
        }
        if (combined.complaints.isEmpty()) {
            if (complaints.clear()) {
                watchers().noComplaint();
            }
        } else if (complaints.add(combined.complaints.toString())) {
            watchers().complaint(new IOException(String.join("; ", combined.complaints)));
        }
    }

    /** What all say if none has instances: an empty list if one has that, else that none knows the service. */
    static @Nullable Said nothing(List<Side> all) {
        List<String> details = new ArrayList<>();
        for (Side side : all) {
            Said said = side.said;
            if (said != null && said.instances() != null) {
                return said;
            }
            if (said != null) {
                details.add(said.detail());
            }
        }
        return details.isEmpty() ? null : Said.unknown(String.join("; ", details));
    }

    @Override
    public void close() {
        super.close();
        synchronized (this) {
            timers.values().forEach(Scheduler.Task::cancel);
            timers.clear();
            settings.served.by(service, null);
        }
    }
}
