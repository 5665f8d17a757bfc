package io.lb4j.socket;

import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** A service "orders" of real servers, balanced in virtual time. */
final class Service implements AutoCloseable {
    /** Instances in discovery's order; the first that the call has not failed on. */
    static final Strategy IN_ORDER = eligible -> request -> {
        for (int i = 0; i < eligible.size(); i++) {
            if (!request.excludes(eligible.get(i))) {
                return eligible.get(i);
            }
        }
        return eligible.get(0);
    };

    /** Fewest connections, the first of equals. */
    static final Strategy LEAST = eligible -> request -> {
        int best = 0;
        for (int i = 1; i < eligible.size(); i++) {
            if (eligible.get(i).inFlight() < eligible.get(best).inFlight()) {
                best = i;
            }
        }
        return eligible.get(best);
    };

    /** By the key's hash, over the instances as they are now. */
    static final Strategy MODULO =
            eligible -> request -> eligible.get((int) Long.remainderUnsigned(request.hash(), eligible.size()));

    final VirtualTime time = new VirtualTime();
    final ManualDiscovery discovery = new ManualDiscovery();
    final LoadBalancer balancer;
    final List<TestServer> servers = new ArrayList<>();

    Service(Strategy strategy) {
        this(settings -> settings, strategy);
    }

    Service(UnaryOperator<LoadBalancer.Builder> more, Strategy strategy) {
        balancer = more.apply(builder(strategy)).build();
    }

    LoadBalancer.Builder builder(Strategy strategy) {
        return LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(strategy)
                .ticker(time)
                .scheduler(time)
                .firstSnapshotTimeout(Duration.ZERO);
    }

    /** A service that has these servers, to be closed with it. */
    static Service of(Strategy strategy, TestServer... servers) {
        Service service = new Service(strategy);
        service.servers.addAll(List.of(servers));
        service.set(List.of(servers).stream().map(TestServer::instance).toArray(ServiceInstance[]::new));
        return service;
    }

    void set(ServiceInstance... instances) {
        discovery.set("orders", instances);
        time.runDue();
    }

    InstanceReport report(String id) {
        InstanceReport report = balancer.instance(id);
        if (report == null) {
            throw new AssertionError("no instance " + id);
        }
        return report;
    }

    int inFlight(String id) {
        return report(id).inFlight();
    }

    long failures(String id) {
        return report(id).failures();
    }

    /** Passive health's default run of failures. */
    void eject(String id) {
        for (int i = 0; i < 5; i++) {
            balancer.acquire(io.lb4j.PickRequest.plain().preferring(id)).close(Outcome.CONNECT_FAILURE);
        }
        time.runDue();
    }

    @Override
    public void close() throws IOException {
        balancer.close();
        time.runDue();
        for (TestServer each : servers) {
            each.close();
        }
    }
}
