package io.lb4j.jmh.peers;

import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.RandomLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.RoundRobinLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.WeightedServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.SimpleObjectProvider;
import reactor.core.publisher.Flux;

/**
 * Spring Cloud LoadBalancer over a list that is there already, without the cache, the health checks and the lookup of
 * beans that an application has around it. Its answer comes as a {@code Mono}, which is waited for. It knows nothing of
 * calls, so a call is a pick.
 */
final class SpringPeer implements PeerContender {
    private static final String SERVICE = "orders";

    private final ReactorServiceInstanceLoadBalancer balancer;
    private final Request<?> request = new DefaultRequest<>();

    private SpringPeer(ReactorServiceInstanceLoadBalancer balancer) {
        this.balancer = balancer;
    }

    static Peer peer() {
        return new Peer(
                "spring",
                true,
                Map.of(
                        Policy.ROUND_ROBIN,
                        load -> new SpringPeer(new RoundRobinLoadBalancer(provider(new Known(load)), SERVICE, 0)),
                        Policy.RANDOM,
                        load -> new SpringPeer(new RandomLoadBalancer(provider(new Known(load)), SERVICE)),
                        Policy.WEIGHTED_ROUND_ROBIN,
                        load -> new SpringPeer(new RoundRobinLoadBalancer(
                                provider(new WeightedServiceInstanceListSupplier(new Known(load), instance ->
                                        (int) load.weights()[Load.indexOf(instance.getPort())])),
                                SERVICE,
                                0))));
    }

    private static ObjectProvider<ServiceInstanceListSupplier> provider(ServiceInstanceListSupplier supplier) {
        return new SimpleObjectProvider<>(supplier);
    }

    @Override
    public Object pick(int n) {
        Response<ServiceInstance> response = balancer.choose(request).block();
        return Objects.requireNonNull(
                Objects.requireNonNull(response, "response").getServer(), "server");
    }

    @Override
    public Object call(int n) {
        return pick(n);
    }

    @Override
    public int indexOf(Object answer) {
        return Load.indexOf(((ServiceInstance) answer).getPort());
    }

    private static final class Known implements ServiceInstanceListSupplier {
        private final Flux<List<ServiceInstance>> instances;

        Known(Load load) {
            List<ServiceInstance> all = new ArrayList<>();
            for (int i = 0; i < load.size(); i++) {
                all.add(new DefaultServiceInstance(SERVICE + i, SERVICE, Load.HOST, Load.port(i), false));
            }
            instances = Flux.just(all);
        }

        @Override
        public String getServiceId() {
            return SERVICE;
        }

        @Override
        public Flux<List<ServiceInstance>> get() {
            return instances;
        }
    }
}
