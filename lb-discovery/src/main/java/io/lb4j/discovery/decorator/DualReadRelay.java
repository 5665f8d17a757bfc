package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import io.lb4j.discovery.decorator.DualReadDiscovery.Comparison;
import io.lb4j.discovery.decorator.DualReadDiscovery.Difference;
import io.lb4j.discovery.internal.Lane;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Passes on what one source says of a service, and compares it with what another one says. Thread-safe. */
final class DualReadRelay extends Relay {
    private static final System.Logger LOG = System.getLogger(DualReadDiscovery.class.getName());

    private final Settings settings;
    private final Lane events = new Lane();
    private final Side serving = new Side(true);
    private final Side compared = new Side(false);

    /** The rest is guarded by this. */
    private final Map<String, Since> differences = new HashMap<>();

    private final ArrayDeque<Consumer<DualReadListener>> untold = new ArrayDeque<>();

    private Scheduler.@Nullable Task timer;
    private int matching;
    private long found;
    private long settled;

    record Settings(
            ServiceDiscovery serving,
            ServiceDiscovery compared,
            DualReadListener listener,
            Duration settle,
            Scheduler scheduler,
            Ticker ticker,
            Map<String, DualReadRelay> relays) {}

    /** A difference, since when, and what was told of it. */
    private static final class Since {
        final long nanos;
        Difference now;

        @Nullable
        Difference told;

        Since(long nanos, Difference now) {
            this.nanos = nanos;
            this.now = now;
        }
    }

    private final class Side implements Listener {
        private final boolean serves;

        /** Guarded by the relay. */
        private @Nullable Map<String, ServiceInstance> byAddress;

        private boolean troubled;

        Side(boolean serves) {
            this.serves = serves;
        }

        @Override
        public void onInstances(List<ServiceInstance> instances) {
            Map<String, ServiceInstance> all = new HashMap<>();
            instances.forEach(instance -> all.put(instance.authority(), instance));
            heard(all);
            if (serves) {
                watchers().instances(List.copyOf(instances));
                watchers().flush();
            }
        }

        @Override
        public void onUnknownService(String detail) {
            heard(Map.of());
            if (serves) {
                watchers().unknown(detail);
                watchers().flush();
            }
        }

        private void heard(Map<String, ServiceInstance> all) {
            synchronized (DualReadRelay.this) {
                byAddress = all;
                troubled = false;
            }
            compare();
        }

        @Override
        public void onError(Throwable error) {
            synchronized (DualReadRelay.this) {
                troubled = true;
            }
            compare();
            if (serves) {
                watchers().error(error);
                watchers().flush();
            } else {
                LOG.log(System.Logger.Level.WARNING, service + ": not compared: " + error.getMessage());
                synchronized (DualReadRelay.this) {
                    untold.add(listener -> listener.onComparedError(service, error));
                }
                tell();
            }
        }

        /** What it lists is what there is to compare. */
        @Override
        public void onComplaint(Throwable complaint) {
            if (serves) {
                passOn(complaint);
            } else {
                LOG.log(System.Logger.Level.WARNING, service + ": compared without this: " + complaint.getMessage());
            }
        }
    }

    DualReadRelay(String service, Settings settings) {
        super(service);
        this.settings = settings;
    }

    @Override
    public void start() {
        settings.relays.put(service, this);
        if (isClosed()) {
            settings.relays.remove(service, this);
        }
        open(settings.serving, serving);
        try {
            open(settings.compared, compared);
        } catch (RuntimeException e) {
            // What is only compared with must not keep anybody from being served.
            compared.onError(e);
        }
    }

    /** Tells what happened, with no lock held. */
    private void tell() {
        events.post(() -> {
            for (Consumer<DualReadListener> event = next(); event != null; event = next()) {
                event.accept(settings.listener);
            }
        });
    }

    private synchronized @Nullable Consumer<DualReadListener> next() {
        return untold.poll();
    }

    private synchronized boolean isComparable() {
        return serving.byAddress != null && compared.byAddress != null && !serving.troubled && !compared.troubled;
    }

    private void compare() {
        synchronized (this) {
            if (timer != null) {
                timer.cancel();
                timer = null;
            }
            Map<String, ServiceInstance> here = serving.byAddress;
            Map<String, ServiceInstance> there = compared.byAddress;
            if (here != null && there != null && isComparable() && !isClosed()) {
                note(here, there);
                report();
            } else {
                // What began before an outage may be over unseen; it has to last anew.
                differences.values().removeIf(since -> since.told == null);
            }
        }
        tell();
    }

    private void note(Map<String, ServiceInstance> here, Map<String, ServiceInstance> there) {
        long now = settings.ticker.nanos();
        Set<String> addresses = new TreeSet<>(here.keySet());
        addresses.addAll(there.keySet());
        addresses.addAll(differences.keySet());
        matching = 0;
        for (String address : addresses) {
            ServiceInstance left = here.get(address);
            ServiceInstance right = there.get(address);
            if (isAlike(left, right)) {
                matching += left == null ? 0 : 1;
                Since over = differences.remove(address);
                if (over != null && over.told != null) {
                    settled++;
                    agreed(over.told);
                }
            } else {
                Difference difference = new Difference(service, address, left, right);
                differences.computeIfAbsent(address, key -> new Since(now, difference)).now = difference;
            }
        }
    }

    private static boolean isAlike(@Nullable ServiceInstance left, @Nullable ServiceInstance right) {
        if (left == null || right == null) {
            return left == null && right == null;
        }
        return left.weight() == right.weight()
                && Objects.equals(left.zone(), right.zone())
                && left.priority() == right.priority()
                && left.secure() == right.secure();
    }

    /** Tells the differences that have lasted long enough, and sets a timer for the next one to do so. */
    private void report() {
        long now = settings.ticker.nanos();
        long settle = settings.settle.toNanos();
        long next = Long.MAX_VALUE;
        for (Since since : differences.values().stream()
                .sorted(Comparator.comparing((Since each) -> each.now.address()))
                .toList()) {
            long left = since.nanos + settle - now;
            if (left > 0) {
                next = Math.min(next, left);
            } else if (!isTold(since)) {
                found += since.told == null ? 1 : 0;
                since.told = since.now;
                differs(since.now);
            }
        }
        if (next != Long.MAX_VALUE) {
            timer = settings.scheduler.schedule(this::compare, Duration.ofNanos(next));
        }
    }

    private static boolean isTold(Since since) {
        Difference told = since.told;
        return told != null
                && isAlike(told.serving(), since.now.serving())
                && isAlike(told.compared(), since.now.compared());
    }

    private void differs(Difference difference) {
        LOG.log(
                System.Logger.Level.WARNING,
                service + ": " + difference.address() + " is " + shown(difference.serving()) + " in " + settings.serving
                        + " and " + shown(difference.compared()) + " in " + settings.compared);
        untold.add(listener -> listener.onDifference(difference));
    }

    private static String shown(@Nullable ServiceInstance instance) {
        return instance == null
                ? "missing"
                : "weight " + instance.weight() + " zone " + instance.zone() + " priority " + instance.priority()
                        + (instance.secure() ? " secure" : "");
    }

    private void agreed(Difference over) {
        LOG.log(System.Logger.Level.INFO, service + ": " + over.address() + " is the same again in both");
        untold.add(listener -> listener.onAgreement(over));
    }

    synchronized Comparison comparison() {
        List<Difference> lasting = differences.values().stream()
                .filter(since -> since.told != null)
                .map(since -> since.now)
                .sorted(Comparator.comparing(Difference::address))
                .toList();
        return new Comparison(isComparable(), matching, lasting, found, settled);
    }

    @Override
    public void close() {
        super.close();
        settings.relays.remove(service, this);
        synchronized (this) {
            if (timer != null) {
                timer.cancel();
            }
        }
        events.close(Duration.ZERO);
    }
}
