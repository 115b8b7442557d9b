import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;

/** How the producers of all programs begin: patient, for a busy machine, and each a client of its own. */
final class Producers {
    private static final int SEND_TIMEOUT_MS = 10_000;
    private static final int ROUTE_ATTEMPTS = 120;
    private static final long ROUTE_PAUSE_MS = 500;

    private Producers() {
    }

    static DefaultMQProducer start(String nameServer, String group) throws Exception {
        return start(new DefaultMQProducer(group), nameServer);
    }

    static <P extends DefaultMQProducer> P start(P producer, String nameServer) throws Exception {
        producer.setNamesrvAddr(nameServer);
        producer.setSendMsgTimeout(SEND_TIMEOUT_MS);
        producer.setInstanceName(producer.getProducerGroup() + "-" + System.nanoTime());
        producer.start();
        return producer;
    }

    /** A broker that has just started is not known at once, and a fresh JVM may take longer for its first answer than the client waits. */
    static void awaitRoute(DefaultMQProducer producer, String topic) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                producer.fetchPublishMessageQueues(topic);
                return;
            } catch (MQClientException missing) {
                if (attempt == ROUTE_ATTEMPTS) {
                    throw missing;
                }
                Thread.sleep(ROUTE_PAUSE_MS);
            }
        }
    }
}
