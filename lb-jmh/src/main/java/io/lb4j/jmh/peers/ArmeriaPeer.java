package io.lb4j.jmh.peers;

import com.linecorp.armeria.client.Endpoint;
import com.linecorp.armeria.common.loadbalancer.LoadBalancer;
import com.linecorp.armeria.common.loadbalancer.SimpleLoadBalancer;
import io.lb4j.PickRequest;
import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Armeria's {@code LoadBalancer}s over a list of endpoints, which its endpoint groups pick with. They know nothing of
 * calls, so a call is a pick.
 */
final class ArmeriaPeer {
    private ArmeriaPeer() {}

    static Peer peer() {
        return new Peer(
                "armeria",
                true,
                Map.of(
                        Policy.ROUND_ROBIN, simple(LoadBalancer::ofRoundRobin),
                        Policy.WEIGHTED_ROUND_ROBIN, simple(LoadBalancer::ofWeightedRoundRobin),
                        Policy.WEIGHTED_RANDOM, simple(LoadBalancer::ofWeightedRandom),
                        Policy.JUMP_HASH, Sticky::new));
    }

    private static Function<Load, PeerContender> simple(Function<List<Endpoint>, SimpleLoadBalancer<Endpoint>> made) {
        return load -> new Simple(made.apply(endpoints(load)));
    }

    private static List<Endpoint> endpoints(Load load) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < load.size(); i++) {
            endpoints.add(Endpoint.of(Load.HOST, Load.port(i)).withWeight((int) load.weights()[i]));
        }
        return endpoints;
    }

    private record Simple(SimpleLoadBalancer<Endpoint> balancer) implements PeerContender {
        @Override
        public Object pick(int n) {
            return balancer.pick();
        }

        @Override
        public Object call(int n) {
            return pick(n);
        }

        @Override
        public int indexOf(Object answer) {
            return Load.indexOf(((Endpoint) answer).port());
        }
    }

    /** Jump hash of the request's key. */
    private static final class Sticky implements PeerContender {
        private final Load load;
        private final LoadBalancer<Endpoint, PickRequest> balancer;

        Sticky(Load load) {
            this.load = load;
            balancer = LoadBalancer.ofSticky(endpoints(load), PickRequest::hash);
        }

        @Override
        public Object pick(int n) {
            return balancer.pick(load.request(n));
        }

        @Override
        public Object call(int n) {
            return pick(n);
        }

        @Override
        public int indexOf(Object answer) {
            return Load.indexOf(((Endpoint) answer).port());
        }
    }
}
