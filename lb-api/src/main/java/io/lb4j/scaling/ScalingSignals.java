package io.lb4j.scaling;

import io.lb4j.Scheduler;
import io.lb4j.StateKey;
import io.lb4j.Ticker;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.LoadBalancer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Says how busy a service and its instances are, and how many instances it should have: for an autoscaler, an alarm or a
 * gauge. It looks at the balancer's reports ten times each interval and costs calls nothing.
 *
 * <pre>{@code
 * ScalingSignals signals = ScalingSignals.builder(client.balancer("orders"))
 *         .policy(ScalingPolicy.builder().callsPerSecond(200).instances(2, 20).build())
 *         .listener(platform)
 *         .start();
 * }</pre>
 *
 * <p>What one client sees are its own calls. Where several share the servers, let the servers report their load, or add
 * up what the clients say: the sum of their {@code instances × utilization}, divided by the target.
 *
 * <p>Thread-safe. The balancer and the scheduler belong to the caller; {@link #close()} ends the looking.
 */
public final class ScalingSignals implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ScalingSignals.class.getName());
    private static final int SAMPLES = 10;

    private final LoadBalancer balancer;
    private final ScalingPolicy policy;
    private final List<ScalingListener> listeners;
    private final Scheduler scheduler;
    private final Ticker ticker;
    private final Duration step;
    private final StateKey<InstanceUsage.Reported> key = StateKey.create("scaling signals");

    // What follows is of the scheduler's thread alone: each look plans the next.
    private final Map<String, InstanceUsage> usages = new HashMap<>();
    private final List<InstanceUsage> left = new ArrayList<>();
    private final LevelFilter level;
    private final DesiredInstances desired;
    private int samples;
    private double waitingSum;
    private double waitingAtBegin;
    private long beginNanos;
    private int lastDesired = -1;
    private boolean failed;

    private volatile @Nullable ScalingReport report;
    private volatile boolean closed;
    private volatile Scheduler.@Nullable Task next;

    private ScalingSignals(Builder builder) {
        this.balancer = builder.balancer;
        this.policy = builder.policy;
        this.listeners = List.copyOf(builder.listeners);
        this.scheduler = builder.scheduler;
        this.ticker = builder.ticker;
        this.step = policy.interval().dividedBy(SAMPLES);
        this.level = new LevelFilter(policy);
        this.desired = new DesiredInstances(policy);
    }

    /** A builder of signals for the service of this balancer. */
    public static Builder builder(LoadBalancer balancer) {
        return new Builder(balancer);
    }

    /** What was found at the end of the last interval; null before the first. */
    public @Nullable ScalingReport report() {
        return report;
    }

    /**
     * How many instances there should be; before the first interval has ended those there are, within the policy's
     * bounds. For a gauge.
     */
    public int desiredInstances() {
        ScalingReport known = report;
        if (known != null) {
            return known.desired();
        }
        // None may be known yet, and that must not read as a wish for none.
        return policy.bounded(counted(balancer.instances()).count());
    }

    /** The utilization of the service; not a number while it is not known. For a gauge. */
    public double utilization() {
        ScalingReport known = report;
        return known == null ? Double.NaN : known.utilization();
    }

    private static Stream<InstanceReport> counted(List<InstanceReport> all) {
        return all.stream().filter(each -> switch (each.state()) {
            case DRAINING, LOWER_PRIORITY, OTHER_SUBSET -> false;
            default -> true;
        });
    }

    private static boolean serves(InstanceReport report) {
        return switch (report.state()) {
            case ELIGIBLE, FULL, OVERLOADED -> true;
            default -> false;
        };
    }

    private void start() {
        beginNanos = ticker.nanos();
        plan();
    }

    private void plan() {
        next = scheduler.schedule(this::look, step);
        if (closed) {
            cancel();
        }
    }

    private void look() {
        if (closed) {
            return;
        }
        try {
            long now = ticker.nanos();
            List<InstanceReport> all = counted(balancer.instances()).toList();
            sample(all, now);
            if (++samples >= SAMPLES) {
                publish(all, now);
            }
        } catch (RuntimeException e) {
            warn("no scaling signal of " + balancer.service() + " this time", e);
        } finally {
            plan();
        }
    }

    private void sample(List<InstanceReport> all, long now) {
        Map<String, InstanceUsage.Reported> reported = balancer.trackers(key, InstanceUsage.Reported::new);
        for (InstanceReport each : all) {
            InstanceUsage.Reported said = reported.get(each.instance().id());
            if (said == null) {
                continue; // left between the two looks
            }
            InstanceUsage usage = usages.get(each.instance().id());
            if (usage == null || !usage.isOf(said)) {
                if (usage != null) {
                    left.add(usage);
                }
                usage = new InstanceUsage(policy, each, said, now);
                usages.put(each.instance().id(), usage);
            }
            usage.sample(each, now);
        }
        usages.entrySet().removeIf(each -> {
            boolean gone = !reported.containsKey(each.getKey());
            if (gone) {
                left.add(each.getValue());
            }
            return gone;
        });
        waitingSum += balancer.waiting();
    }

    private record Change(InstanceUtilization instance, UtilizationLevel was) {}

    private void publish(List<InstanceReport> all, long now) {
        List<InstanceUtilization> details = new ArrayList<>();
        List<Change> changes = new ArrayList<>();
        long since = beginNanos(now);
        double load = leftBehind(all, since, now);
        double room = 0;
        int known = 0;
        int serving = 0;
        for (InstanceReport each : all) {
            InstanceUsage usage = usages.get(each.instance().id());
            if (usage == null) {
                continue;
            }
            UtilizationLevel was = usage.level.level();
            double part = usage.load(now - since, samples, now);
            InstanceUtilization utilization = usage.end(now);
            if (!serves(each)) {
                continue;
            }
            serving++;
            details.add(utilization);
            if (utilization.level() != was) {
                changes.add(new Change(utilization, was));
            }
            if (!Double.isNaN(utilization.utilization())) {
                known++;
                load += part;
                room += usage.room();
            }
        }
        double waiting = waitingSum / samples;
        load += waitingLoad(waiting, known == 0 ? Double.NaN : room / known, now);
        int count = desired.next(load, known, all.size() - known, now);
        UtilizationLevel was = level.level();
        double utilization = known == 0 ? Double.NaN : load / known;
        ScalingReport made = new ScalingReport(
                balancer.service(),
                utilization,
                level.next(utilization, now),
                serving,
                all.size(),
                count,
                waiting,
                details);
        report = made;
        samples = 0;
        waitingSum = 0;
        beginNanos = now;
        int wasDesired = lastDesired < 0 ? all.size() : lastDesired;
        lastDesired = count;

        for (Change each : changes) {
            tell(listener -> listener.onInstanceLevel(balancer.service(), each.instance, each.was));
        }
        if (made.level() != was) {
            tell(listener -> listener.onServiceLevel(made, was));
        }
        if (count != wasDesired) {
            tell(listener -> listener.onDesiredInstances(made, wasDesired));
        }
        tell(listener -> listener.onReport(made));
    }

    /** When those that are known longest began; in the first interval that is the first look. */
    private long beginNanos(long now) {
        return usages.values().stream()
                .mapToLong(InstanceUsage::beginNanos)
                .reduce(now, (one, other) -> one - other < 0 ? one : other);
    }

    /** The calls of those that are not counted any more, but were when the interval began: others have them from now on. */
    private double leftBehind(List<InstanceReport> all, long since, long now) {
        Set<String> ids = all.stream().map(each -> each.instance().id()).collect(Collectors.toSet());
        usages.forEach((id, usage) -> {
            if (!ids.contains(id)) {
                left.add(usage);
            }
        });
        double load = 0;
        for (InstanceUsage each : left) {
            load += each.lastLoad(now - since, samples, now);
        }
        left.clear();
        return load;
    }

    /** What the calls that wait would add to the load, in instances; they have begun for none, so that no rate has them. */
    private double waitingLoad(double waiting, double room, long now) {
        double added = Double.isNaN(room) ? 0 : waiting / Math.max(1, room);
        if (policy.callsPerSecond() > 0) {
            double current = balancer.waiting();
            double seconds = Math.max(1, now - beginNanos) / 1e9;
            added = Math.max(added, (current - waitingAtBegin) / seconds / policy.callsPerSecond());
            waitingAtBegin = current;
        }
        return added;
    }

    private void tell(Consumer<ScalingListener> event) {
        for (ScalingListener each : listeners) {
            try {
                event.accept(each);
            } catch (RuntimeException e) {
                warn("a listener to the scaling signals of " + balancer.service() + " threw", e);
            }
        }
    }

    private void warn(String what, RuntimeException e) {
        if (!failed) {
            failed = true;
            LOG.log(System.Logger.Level.WARNING, what + "; later ones are not logged", e);
        }
    }

    private void cancel() {
        Scheduler.Task planned = next;
        if (planned != null) {
            planned.cancel();
        }
    }

    /** Ends the looking; the last report stays. Idempotent. */
    @Override
    public void close() {
        closed = true;
        cancel();
    }

    @Override
    public String toString() {
        ScalingReport known = report;
        return "ScalingSignals[" + (known == null ? balancer.service() + ": nothing known yet" : known) + "]";
    }

    /** Collects the parts of the signals. Not thread-safe. */
    public static final class Builder {
        private final LoadBalancer balancer;
        private final List<ScalingListener> listeners = new ArrayList<>();
        private ScalingPolicy policy = ScalingPolicy.DEFAULT;
        private Scheduler scheduler = Scheduler.shared();
        private Ticker ticker = Ticker.system();

        private Builder(LoadBalancer balancer) {
            this.balancer = Objects.requireNonNull(balancer, "balancer");
        }

        /** Sets when there are too many or too few instances; default {@link ScalingPolicy#DEFAULT}. */
        public Builder policy(ScalingPolicy value) {
            this.policy = Objects.requireNonNull(value, "policy");
            return this;
        }

        /** Adds a listener; default none. */
        public Builder listener(ScalingListener value) {
            this.listeners.add(Objects.requireNonNull(value, "listener"));
            return this;
        }

        /** Sets what runs the looks; default {@link Scheduler#shared()}. Never shut down. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets the clock; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /** Starts looking. The first report comes after one interval. */
        public ScalingSignals start() {
            ScalingSignals signals = new ScalingSignals(this);
            signals.start();
            return signals;
        }
    }
}
