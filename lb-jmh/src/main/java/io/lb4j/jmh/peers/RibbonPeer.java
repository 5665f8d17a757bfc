package io.lb4j.jmh.peers;

import com.netflix.loadbalancer.BaseLoadBalancer;
import com.netflix.loadbalancer.BestAvailableRule;
import com.netflix.loadbalancer.IPing;
import com.netflix.loadbalancer.IRule;
import com.netflix.loadbalancer.LoadBalancerStats;
import com.netflix.loadbalancer.RandomRule;
import com.netflix.loadbalancer.RoundRobinRule;
import com.netflix.loadbalancer.Server;
import com.netflix.loadbalancer.ServerStats;
import com.netflix.loadbalancer.WeightedResponseTimeRule;
import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ribbon's rules over a balancer that pings nobody. A pick is {@code IRule.choose}; a call is that and what Ribbon's
 * clients note about it in the server's statistics.
 */
final class RibbonPeer implements PeerContender {
    private final IRule rule;
    private final boolean timed;
    private final BaseLoadBalancer balancer;
    private final LoadBalancerStats stats;
    private final List<Server> servers = new ArrayList<>();

    private RibbonPeer(IRule rule, Load load) {
        this.rule = rule;
        timed = rule instanceof WeightedResponseTimeRule;
        @Nullable IPing none = null;
        balancer = new BaseLoadBalancer("orders", new RoundRobinRule(), new LoadBalancerStats("orders"), none);
        stats = balancer.getLoadBalancerStats();
        for (int i = 0; i < load.size(); i++) {
            servers.add(new Server(Load.HOST, Load.port(i)));
        }
        balancer.setServersList(servers);
        bringUnderLoad(load.inFlight());
        // Last, as a rule takes what statistics there are when it gets its balancer.
        rule.setLoadBalancer(balancer);
    }

    static Peer peer() {
        return new Peer(
                "ribbon",
                true,
                Map.of(
                        Policy.ROUND_ROBIN, load -> new RibbonPeer(new RoundRobinRule(), load),
                        Policy.RANDOM, load -> new RibbonPeer(new RandomRule(), load),
                        Policy.LEAST_REQUEST, load -> new RibbonPeer(new BestAvailableRule(), load),
                        Policy.WEIGHTED_BY_RESPONSE_TIME,
                                load -> new RibbonPeer(new WeightedResponseTimeRule(), load)));
    }

    @Override
    public Object pick(int n) {
        return rule.choose("");
    }

    @Override
    public Object call(int n) {
        Server server = rule.choose("");
        ServerStats noted = stats.getSingleServerStat(server);
        noted.incrementActiveRequestsCount();
        noted.decrementActiveRequestsCount();
        noted.incrementNumRequests();
        if (timed) {
            noted.noteResponseTime(1);
        }
        return server;
    }

    @Override
    public int indexOf(Object answer) {
        return Load.indexOf(((Server) answer).getPort());
    }

    @Override
    public int inFlight(int index) {
        return stats.getSingleServerStat(servers.get(index)).getActiveRequestsCount();
    }

    @Override
    public void close() {
        if (rule instanceof WeightedResponseTimeRule weighted) {
            weighted.shutdown();
        }
        balancer.shutdown();
    }

    private void bringUnderLoad(int[] inFlight) {
        for (int i = 0; i < inFlight.length; i++) {
            ServerStats noted = stats.getSingleServerStat(servers.get(i));
            noted.noteResponseTime(1);
            for (int k = 0; k < inFlight[i]; k++) {
                noted.incrementActiveRequestsCount();
            }
        }
    }
}
