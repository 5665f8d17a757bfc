package io.lb4j.jmh.peers;

import io.lb4j.jmh.Contender;
import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.List;
import java.util.function.Function;

/** Which other libraries there are, and which of the policies each has. */
public final class Peers {
    private static final List<Peer> ALL = List.of(
            ArmeriaPeer.peer(),
            DubboPeer.peer(),
            FinaglePeer.peer(),
            FinaglePeer.aperture(),
            GrpcPeer.peer(),
            RibbonPeer.peer(),
            ServiceTalkPeer.peer(),
            SpringPeer.peer(),
            StorkPeer.peer());

    private Peers() {}

    /** The names of those that have the policy. */
    public static List<String> having(Policy policy) {
        return ALL.stream()
                .filter(peer -> peer.policies().containsKey(policy))
                .map(Peer::name)
                .toList();
    }

    /** Whether the library can say who is next without counting a call as begun; otherwise only calls can be measured. */
    public static boolean picksAlone(String library) {
        return named(library).picksAlone();
    }

    /** Sets a library up for a policy. */
    public static Contender create(String library, Policy policy, Load load) {
        return contender(library, policy, load);
    }

    static PeerContender contender(String library, Policy policy, Load load) {
        Peer peer = named(library);
        Function<Load, PeerContender> factory = peer.policies().get(policy);
        if (factory == null) {
            throw new IllegalArgumentException("policy: " + policy + " (expected: one that " + library + " has: "
                    + peer.policies().keySet().stream().sorted().toList() + ")");
        }
        return factory.apply(load);
    }

    private static Peer named(String library) {
        return ALL.stream()
                .filter(peer -> peer.name().equals(library))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("library: " + library
                        + " (expected: lb4j, lb4j-timed, floor or one of "
                        + ALL.stream().map(Peer::name).toList() + ")"));
    }
}
