package io.lb4j.jmh.peers;

import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import io.smallrye.stork.api.LoadBalancer;
import io.smallrye.stork.api.ServiceDiscovery;
import io.smallrye.stork.api.ServiceInstance;
import io.smallrye.stork.impl.DefaultServiceInstance;
import io.smallrye.stork.impl.RoundRobinLoadBalancer;
import io.smallrye.stork.loadbalancer.leastresponsetime.LeastResponseTimeConfiguration;
import io.smallrye.stork.loadbalancer.leastresponsetime.LeastResponseTimeLoadBalancer;
import io.smallrye.stork.loadbalancer.poweroftwochoices.PowerOfTwoChoicesConfiguration;
import io.smallrye.stork.loadbalancer.poweroftwochoices.PowerOfTwoChoicesLoadBalancerProvider;
import io.smallrye.stork.loadbalancer.random.RandomConfiguration;
import io.smallrye.stork.loadbalancer.random.RandomLoadBalancerProvider;
import io.smallrye.stork.loadbalancer.requests.LeastRequestsLoadBalancer;
import io.smallrye.stork.spi.LoadBalancerProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stork's balancers over a list of instances. A call is what the instance picked is told of it.
 *
 * <p>In an application Stork's service also finds the instances anew each time, and those balancers that must not pick
 * for two callers at once do so under its lock. Both are left out here.
 */
final class StorkPeer implements PeerContender {
    private final LoadBalancer balancer;
    private final List<ServiceInstance> instances = new ArrayList<>();

    private StorkPeer(LoadBalancer balancer, Load load) {
        this.balancer = balancer;
        for (int i = 0; i < load.size(); i++) {
            instances.add(new DefaultServiceInstance(i, Load.HOST, Load.port(i), false));
        }
        bringUnderLoad(load.inFlight());
    }

    static Peer peer() {
        return new Peer(
                "stork",
                true,
                Map.of(
                        Policy.ROUND_ROBIN,
                        load -> new StorkPeer(new RoundRobinLoadBalancer(), load),
                        Policy.RANDOM,
                        load -> new StorkPeer(made(new RandomLoadBalancerProvider(), new RandomConfiguration()), load),
                        Policy.POWER_OF_TWO_CHOICES,
                        load -> new StorkPeer(
                                made(new PowerOfTwoChoicesLoadBalancerProvider(), new PowerOfTwoChoicesConfiguration()),
                                load),
                        Policy.LEAST_REQUEST,
                        load -> new StorkPeer(new LeastRequestsLoadBalancer(), load),
                        Policy.PEAK_EWMA,
                        load -> new StorkPeer(
                                new LeastResponseTimeLoadBalancer(new LeastResponseTimeConfiguration()), load)));
    }

    /** By way of the provider, where the balancer's constructor is not public; none of them looks at the discovery. */
    private static <C> LoadBalancer made(LoadBalancerProvider<C> provider, C configuration) {
        ServiceDiscovery none = () -> {
            throw new UnsupportedOperationException("the instances are known");
        };
        return provider.createLoadBalancer(configuration, none);
    }

    @Override
    public Object pick(int n) {
        return balancer.selectServiceInstance(instances);
    }

    @Override
    public Object call(int n) {
        ServiceInstance instance = balancer.selectServiceInstance(instances);
        instance.recordStart(true);
        end(instance);
        return instance;
    }

    @Override
    public int indexOf(Object answer) {
        return Load.indexOf(((ServiceInstance) answer).getPort());
    }

    /** An instance among itself is sure to be picked. */
    private void bringUnderLoad(int[] inFlight) {
        for (int i = 0; i < inFlight.length; i++) {
            List<ServiceInstance> itself = List.of(instances.get(i), instances.get(i));
            for (int k = 0; k <= inFlight[i]; k++) {
                ServiceInstance picked = balancer.selectServiceInstance(itself);
                picked.recordStart(true);
                if (k == 0) {
                    end(picked);
                }
            }
        }
    }

    private static void end(ServiceInstance instance) {
        instance.recordReply();
        @Nullable Throwable none = null;
        instance.recordEnd(none);
    }
}
