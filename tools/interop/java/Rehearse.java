import org.apache.rocketmq.broker.BrokerStartup;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.namesrv.NamesrvStartup;

/**
 * Loads the classes that Apache's servers and our programs need, by using them, so that the JVM can archive them when it exits.
 * Arguments: the configuration files of a NameServer and of a Broker, their addresses, a folder.
 */
public class Rehearse {
    private static final String TOPIC = "Rehearsal";
    private static final String COUNT = "50";

    static int run(String[] args) throws Exception {
        String nameServer = args[2];
        NamesrvStartup.main(new String[] {"-c", args[0]});
        BrokerStartup.main(new String[] {"-c", args[1]});
        Mqadmin.run(new String[] {"updateTopic", "-n", nameServer, "-b", args[3], "-t", TOPIC});
        Mqadmin.run(new String[] {"topicRoute", "-n", nameServer, "-t", TOPIC});
        produce(new String[] {nameServer, TOPIC, "producer", "0", COUNT, args[4] + "/sent", "single"});
        return Consume.run(
            new String[] {nameServer, TOPIC, "consumer", COUNT, args[4] + "/received", "concurrent", "*", "60"});
    }

    /** The broker tells the NameServer of the topic some seconds after its start. */
    private static void produce(String[] args) throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                Produce.run(args);
                return;
            } catch (MQClientException noRoute) {
                if (attempt == 60) {
                    throw noRoute;
                }
                Thread.sleep(500);
            }
        }
    }
}
