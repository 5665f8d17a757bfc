package io.lb4j.discovery.dns;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** What a server can say, right and wrong: see {@link Fuzzer}. */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
class DnsFuzzTest {
    private static final List<InetSocketAddress> NOBODY =
            List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1));

    /** Runs at once what it is given. */
    private static final ExecutorService HERE = new AbstractExecutorService() {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    };

    private static String sound(String question, String... records) {
        Message message = new Message(7);
        message.getHeader().setFlag(Flags.QR);
        for (Record each : FakeDns.records(records)) {
            if (message.getQuestion() == null) {
                message.addRecord(Record.newRecord(each.getName(), each.getType(), 1), Section.QUESTION);
            }
            message.addRecord(each, question.equals("no") ? Section.AUTHORITY : Section.ANSWER);
        }
        return new String(message.toWire(), ISO_8859_1);
    }

    @Test
    void answer_ofAnyBytes_isUnderstoodOrRefused() {
        List<String> sound = List.of(
                sound(
                        "yes",
                        "o.test. 5 IN SRV 1 0 80 o.test.",
                        "o.test. 5 IN SRV 2 9 81 b.test.",
                        "o.test. 9 IN A 127.0.0.2"),
                sound("yes", "o.test. 5 IN CNAME b.test.", "b.test. 5 IN A 127.0.0.2", "b.test. 5 IN AAAA ::1"),
                sound("no", "o.test. 5 IN SOA ns.test. h.test. 1 1 1 1 1"),
                sound("no", "o.test. 5 IN NS ns.test."));
        List<String> words =
                List.of("\u00c0\u000c", "\u0000\u0001\u0000\u0001", "\u00ff\u00ff\u00ff\u00ff", "\u0001o\u0004test");
        for (int port : new int[] {0, 80}) {
            new Fuzzer(port, sound, words).run("DNS answer" + (port > 0 ? ", addresses" : ", services"), input -> {
                DnsResolver.Transport transport = (server, question) -> {
                    Message answer = DnsExchange.parse(input.getBytes(ISO_8859_1));
                    if (answer == null) {
                        throw new IOException("no DNS message");
                    }
                    return answer;
                };
                Targets targets = new Targets(
                        new DnsResolver(transport, NOBODY, null),
                        HERE,
                        new Targets.Rules(port, DnsDiscovery.Family.BOTH, false));
                try {
                    Targets.Found found = targets.find("o.test");
                    assertThat(found.instances())
                            .extracting(ServiceInstance::id)
                            .doesNotHaveDuplicates();
                    assertThat(found.ttlSeconds()).isNotNegative();
                    return found.unknown() + " " + Math.min(3, found.instances().size()) + " "
                            + Math.min(3, found.complaints().size());
                } catch (IOException e) {
                    return Fuzzer.kind(e);
                }
            });
        }
    }
}
