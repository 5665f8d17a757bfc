package io.lb4j.socket;

import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.internal.Settings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Flows of datagrams to a service: each key has an instance, picked by its first datagram, and keeps it while others come and go. A flow ends
 * when it is idle for long, when its instance is gone, ejected or fails its checks, and when there are more than the most that may be:
 * then that of them which was unused for longest. The next datagram of its key begins another.
 *
 * <p>A flow counts as a call in flight. It fails if nobody listens at its instance's port, or if the caller
 * {@linkplain DatagramFlow#unanswered says} that no answer came. For one datagram there and one back see {@link DatagramExchange}.
 *
 * <p>Thread-safe. Idle flows are looked for once a second. The balancer stays the caller's.
 */
public final class UdpFlows implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(UdpFlows.class.getName());

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final LoadBalancer balancer;
    private final Connector connector;
    private final int maxFlows;
    private final long idleNanos;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Object lock = new Object();

    /** By key, the one unused for longest first; under the lock. One that failed stays for its successor to see. */
    private final Map<Object, DatagramFlow> flows = new LinkedHashMap<>(16, 0.75f, true);

    /** The next round; null while there is nothing to look after. Under the lock. */
    private Scheduler.@Nullable Task round;

    private boolean closed;

    private UdpFlows(LoadBalancer balancer, Builder settings) {
        this.balancer = balancer;
        this.connector = new Connector(balancer, ConnectionSettings.DEFAULT);
        this.maxFlows = settings.maxFlows;
        this.idleNanos = settings.idleTimeout.toNanos();
        this.ticker = settings.ticker;
        this.scheduler = settings.scheduler;
    }

    /** A builder with everything at its default. */
    public static Builder builder(LoadBalancer balancer) {
        return new Builder(balancer);
    }

    /**
     * The flow of these addresses, which are its key: the source, or source and destination, of what a program forwards.
     *
     * @throws IOException as {@link #flow(Object, PickRequest)}
     */
    public DatagramFlow flow(InetSocketAddress... addresses) throws IOException {
        return flow(List.of(addresses), PickRequest.ofHash(FlowKey.hash(addresses)));
    }

    /**
     * The flow of a key, begun if there is none. Blocks only while nothing is known of the service yet, or to look up the name
     * of an instance's host.
     *
     * @param key equal for datagrams that belong together
     * @param request what a new flow is picked by
     * @throws IOException as {@link LoadBalancedSocketFactory} says
     * @throws IllegalStateException if this is closed
     */
    public DatagramFlow flow(Object key, PickRequest request) throws IOException {
        PickRequest asked = Objects.requireNonNull(request, "request");
        synchronized (lock) {
            DatagramFlow known = flows.get(Objects.requireNonNull(key, "key"));
            if (known != null && known.isOpen()) {
                return known;
            }
            if (known != null && known.hasFailed()) {
                asked = request.nextAttempt(known.candidate());
            }
        }
        return keep(begin(key, asked));
    }

    private DatagramFlow begin(Object key, PickRequest request) throws IOException {
        Lease lease = connector.acquire(request, 0);
        DatagramChannel channel = null;
        DatagramFlow flow = null;
        try {
            InetSocketAddress to = new InetSocketAddress(
                    lease.instance().host(), lease.instance().port());
            if (to.isUnresolved()) {
                throw new UnknownHostException(
                        "instance host: '" + to.getHostString() + "' (expected: a name that resolves)");
            }
            channel = DatagramChannel.open();
            channel.configureBlocking(false);
            channel.connect(to);
            flow = new DatagramFlow(this, key, channel, lease);
            return flow;
        } finally {
            if (flow == null) {
                lease.close();
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    /** The flow, unless another thread was first. */
    private DatagramFlow keep(DatagramFlow made) throws IOException {
        boolean done = false;
        try {
            DatagramFlow kept = insert(made);
            done = true;
            return kept;
        } finally {
            if (!done) {
                made.close();
            }
        }
    }

    private DatagramFlow insert(DatagramFlow made) throws IOException {
        DatagramFlow kept = made;
        DatagramFlow surplus = null;
        synchronized (lock) {
            DatagramFlow known = flows.get(made.key());
            if (closed) {
                throw new IllegalStateException("UdpFlows of " + balancer.service() + " (expected: open)");
            }
            if (known != null && known.isOpen()) {
                kept = known;
                surplus = made;
            } else {
                flows.put(made.key(), made);
                surplus = eldestIfTooMany();
                if (round == null) {
                    round = scheduler.schedule(this::round, PERIOD);
                }
            }
        }
        if (surplus != null) {
            surplus.close();
        }
        return kept;
    }

    private @Nullable DatagramFlow eldestIfTooMany() {
        if (flows.size() <= maxFlows) {
            return null;
        }
        DatagramFlow eldest = flows.values().iterator().next();
        flows.remove(eldest.key());
        return eldest;
    }

    /** Called by a flow that is over. */
    void ended(DatagramFlow flow) {
        synchronized (lock) {
            // One that failed is remembered, until it would have been idle for too long.
            if (!flow.hasFailed()) {
                flows.remove(flow.key(), flow);
            }
        }
    }

    private void round() {
        Map<String, InstanceReport.State> states = new HashMap<>();
        for (InstanceReport each : balancer.instances()) {
            states.put(each.instance().id(), each.state());
        }
        long now = ticker.nanos();
        List<DatagramFlow> over = new ArrayList<>();
        synchronized (lock) {
            for (DatagramFlow each : flows.values()) {
                if (now - each.usedNanos() >= idleNanos
                        || (each.isOpen() && isDead(states.get(each.instance().id())))) {
                    over.add(each);
                }
            }
            over.forEach(each -> flows.remove(each.key(), each));
            round = flows.isEmpty() || closed ? null : scheduler.schedule(this::round, PERIOD);
        }
        over.forEach(UdpFlows::close);
    }

    private static boolean isDead(InstanceReport.@Nullable State state) {
        return state == null || state == InstanceReport.State.EJECTED || state == InstanceReport.State.UNHEALTHY;
    }

    private static void close(DatagramFlow flow) {
        try {
            flow.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, flow + " did not close", e);
        }
    }

    /** How many flows there are. */
    public int size() {
        synchronized (lock) {
            return (int) flows.values().stream().filter(DatagramFlow::isOpen).count();
        }
    }

    long nanos() {
        return ticker.nanos();
    }

    /** Ends all flows; there will be no others. Idempotent. */
    @Override
    public void close() {
        List<DatagramFlow> all;
        synchronized (lock) {
            closed = true;
            all = List.copyOf(flows.values());
            flows.clear();
            if (round != null) {
                round.cancel();
                round = null;
            }
        }
        all.forEach(UdpFlows::close);
    }

    @Override
    public String toString() {
        return "UdpFlows[" + balancer.service() + ", " + size() + " of at most " + maxFlows + "]";
    }

    /** Collects the settings of {@link UdpFlows}. Not thread-safe. */
    public static final class Builder {
        private final LoadBalancer balancer;
        private int maxFlows = 10_000;
        private Duration idleTimeout = Duration.ofMinutes(1);
        private Ticker ticker = Ticker.system();
        private Scheduler scheduler = Scheduler.shared();

        private Builder(LoadBalancer balancer) {
            this.balancer = Objects.requireNonNull(balancer, "balancer");
        }

        /**
         * Sets how many flows there are at most; each has a port and a file descriptor; default 10,000.
         *
         * @throws IllegalArgumentException if less than 1
         */
        public Builder maxFlows(int value) {
            Settings.atLeast(1, value, "maxFlows");
            this.maxFlows = value;
            return this;
        }

        /**
         * Sets for how long a flow may be idle; default 1 min, as in Envoy's UDP proxy.
         *
         * @throws IllegalArgumentException unless 1 s to 365 days
         */
        public Builder idleTimeout(Duration value) {
            if (value.compareTo(Duration.ofSeconds(1)) < 0 || value.compareTo(Duration.ofDays(365)) > 0) {
                throw new IllegalArgumentException("idleTimeout: " + value + " (expected: 1 s to 365 days)");
            }
            this.idleTimeout = value;
            return this;
        }

        /** Sets the clock; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /** Sets what looks for idle flows; default {@link Scheduler#shared()}. Never shut down. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Builds them. */
        public UdpFlows build() {
            return new UdpFlows(balancer, this);
        }
    }
}
