package io.lb4j.jmh.peers;

import static io.servicetalk.concurrent.api.SourceAdapters.toSource;

import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import io.servicetalk.client.api.ConnectionFactory;
import io.servicetalk.client.api.DefaultServiceDiscovererEvent;
import io.servicetalk.client.api.LoadBalancedConnection;
import io.servicetalk.client.api.LoadBalancer;
import io.servicetalk.client.api.RequestTracker;
import io.servicetalk.client.api.ServiceDiscovererEvent;
import io.servicetalk.concurrent.Cancellable;
import io.servicetalk.concurrent.CompletableSource;
import io.servicetalk.concurrent.SingleSource;
import io.servicetalk.concurrent.api.AsyncContext;
import io.servicetalk.concurrent.api.Completable;
import io.servicetalk.concurrent.api.Publisher;
import io.servicetalk.concurrent.api.Single;
import io.servicetalk.context.api.ContextMap;
import io.servicetalk.loadbalancer.LoadBalancers;
import io.servicetalk.loadbalancer.LoadBalancingPolicies;
import io.servicetalk.loadbalancer.LoadBalancingPolicy;
import io.servicetalk.loadbalancer.OutlierDetectorConfig;
import io.servicetalk.loadbalancer.OutlierDetectorConfigs;
import io.servicetalk.transport.api.TransportObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * ServiceTalk's balancer with one open connection to each host. A pick is {@code selectConnection}, subscribed to
 * without a future; a call is that and what the connection's request tracker hears of it.
 */
final class ServiceTalkPeer implements PeerContender {
    private final LoadBalancer<Connection> balancer;

    private ServiceTalkPeer(LoadBalancingPolicy<Integer, Connection> policy, Load load) {
        // Global and public; without it each pick would capture the caller's context.
        AsyncContext.disable();
        List<ServiceDiscovererEvent<Integer>> events = new ArrayList<>();
        for (int i = 0; i < load.size(); i++) {
            events.add(new DefaultServiceDiscovererEvent<>(i, ServiceDiscovererEvent.Status.AVAILABLE));
        }
        // Hosts are never ejected here, so nothing need look for those to eject; but without a half-life P2C would not
        // score hosts at all.
        OutlierDetectorConfig outliers = new OutlierDetectorConfig.Builder(OutlierDetectorConfigs.disabled())
                .ewmaHalfLife(Duration.ofSeconds(10))
                .build();
        balancer = LoadBalancers.<Integer, Connection>builder("orders")
                .loadBalancingPolicy(policy)
                .outlierDetectorConfig(outliers)
                .build()
                .newLoadBalancer(
                        Publisher.from((Collection<ServiceDiscovererEvent<Integer>>) events)
                                .concat(Publisher.never()),
                        new Connector(),
                        "orders");
        bringUnderLoad(load);
    }

    static Peer peer() {
        return new Peer(
                "servicetalk",
                true,
                Map.of(
                        Policy.ROUND_ROBIN,
                        load -> new ServiceTalkPeer(
                                LoadBalancingPolicies.roundRobin().build(), load),
                        Policy.POWER_OF_TWO_CHOICES,
                        load -> new ServiceTalkPeer(LoadBalancingPolicies.p2c().build(), load),
                        Policy.PEAK_EWMA,
                        load -> new ServiceTalkPeer(LoadBalancingPolicies.p2c().build(), load)));
    }

    @Override
    public Object pick(int n) {
        return select();
    }

    @Override
    public Object call(int n) {
        Connection connection = select();
        long started = connection.tracker.beforeRequestStart();
        connection.tracker.onRequestSuccess(started);
        return connection;
    }

    @Override
    public int indexOf(Object answer) {
        return ((Connection) answer).host;
    }

    @Override
    public void close() {
        toSource(balancer.closeAsync()).subscribe(new Closed());
    }

    /** Opens a connection to each host, has one request end there, and leaves as many as shall stay. */
    private void bringUnderLoad(Load load) {
        Connection[] opened = new Connection[load.size()];
        Fill.bring(new int[load.size()], this::select, connection -> connection.host, connection -> {
            opened[connection.host] = connection;
        });
        int[] inFlight = load.inFlight();
        for (int i = 0; i < opened.length; i++) {
            RequestTracker tracker = opened[i].tracker;
            tracker.onRequestSuccess(tracker.beforeRequestStart());
            for (int k = 0; k < inFlight[i]; k++) {
                long unused = tracker.beforeRequestStart();
            }
        }
    }

    private Connection select() {
        Selected selected = new Selected();
        toSource(balancer.selectConnection(Connection::isUsable, null)).subscribe(selected);
        Connection connection = selected.connection;
        if (connection == null) {
            throw new IllegalStateException("no connection at once (expected: all are open)", selected.error);
        }
        return connection;
    }

    private static final class Selected implements SingleSource.Subscriber<Connection> {
        private @Nullable Connection connection;
        private @Nullable Throwable error;

        @Override
        public void onSubscribe(Cancellable cancellable) {}

        @Override
        public void onSuccess(@Nullable Connection result) {
            connection = result;
        }

        @Override
        public void onError(Throwable cause) {
            error = cause;
        }
    }

    private static final class Closed implements CompletableSource.Subscriber {
        @Override
        public void onSubscribe(Cancellable cancellable) {}

        @Override
        public void onComplete() {}

        @Override
        public void onError(Throwable cause) {
            throw new IllegalStateException("not closed", cause);
        }
    }

    /** Never closes: a connection that says it has closed is replaced by a new one at the next pick. */
    private static final class Connection implements LoadBalancedConnection {
        private final int host;
        private final RequestTracker tracker;

        Connection(int host, RequestTracker tracker) {
            this.host = host;
            this.tracker = tracker;
        }

        boolean isUsable() {
            return true;
        }

        @Override
        public int score() {
            return 1;
        }

        @Override
        public Completable onClose() {
            return Completable.never();
        }

        @Override
        public Completable closeAsync() {
            return Completable.completed();
        }

        @Override
        public Result tryRequest() {
            return Result.Accepted;
        }

        @Override
        public void requestFinished() {}

        @Override
        public boolean tryReserve() {
            return true;
        }

        @Override
        public Completable releaseAsync() {
            return Completable.completed();
        }
    }

    private static final class Connector implements ConnectionFactory<Integer, Connection> {
        @Override
        public Single<Connection> newConnection(
                Integer host, @Nullable ContextMap context, @Nullable TransportObserver observer) {
            RequestTracker tracker = context == null ? null : context.get(RequestTracker.REQUEST_TRACKER_KEY);
            if (tracker == null) {
                return Single.failed(new IllegalStateException("no tracker for the requests to " + host));
            }
            return Single.succeeded(new Connection(host, tracker));
        }

        @Override
        public Completable onClose() {
            return Completable.never();
        }

        @Override
        public Completable closeAsync() {
            return Completable.completed();
        }
    }
}
