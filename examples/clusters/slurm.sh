#!/bin/bash
# ImageNet-LT on two machines with four GPUs each, under Slurm: sbatch examples/clusters/slurm.sh DATA
# One task for each GPU. train finds its place by Slurm's variables: no launcher and no address are needed. Should a task
# fail, srun ends all; --resume and --requeue then go on from the last checkpoint. RECIPE, DEVICE and LONGTAIL (the command,
# for instance within a container) are taken from the environment, and what follows RUN goes to train.
#SBATCH --job-name=longtail
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output=longtail-%j.log

set -e
data=${1:?"usage: sbatch slurm.sh DATA [RUN [OPTIONS OF TRAIN]]"}
run=${2:-runs/imagenet-lt}

# The folder of the run is written by the first task alone, so that one of its machine is enough. Networks: NCCL and Gloo
# take what PyTorch would; NCCL_SOCKET_IFNAME and GLOO_SOCKET_IFNAME name an interface.
srun --kill-on-bad-exit=1 --label \
  ${LONGTAIL:-npx longtail} train "${RECIPE:-imagenet-lt-ncl}" --data "$data" --out "$run" --resume \
  --device "${DEVICE:-cuda}" "${@:3}"
