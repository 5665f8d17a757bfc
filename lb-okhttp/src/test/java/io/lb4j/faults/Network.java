package io.lb4j.faults;

import java.io.IOException;

/** Packets that are lost. Only in a network namespace of the run's own, where rules can hurt nobody else. */
final class Network {
    private Network() {}

    /** Everything to this address vanishes, of old connections and new ones. */
    static void drop(String address) throws IOException, InterruptedException {
        rule("ip daddr " + address + " drop");
        rule("ip saddr " + address + " drop");
    }

    /** This share of packets from and to the address is lost. */
    static void lose(String address, int percent) throws IOException, InterruptedException {
        rule("ip daddr " + address + " numgen random mod 100 < " + percent + " drop");
        rule("ip saddr " + address + " numgen random mod 100 < " + percent + " drop");
    }

    private static void rule(String rule) throws IOException, InterruptedException {
        Shell.run("nft", "add table ip faults");
        Shell.run("nft", "add chain ip faults in { type filter hook input priority 0 ; }");
        Shell.run("nft", "add rule ip faults in " + rule);
    }

    static void heal() throws IOException, InterruptedException {
        Shell.run("nft", "flush ruleset");
    }
}
